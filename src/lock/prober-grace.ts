// Asking the kernel who has a lock is itself taking it for some microseconds (native/os/lock_probe.h).
import { monotonicMs } from '../clock.js';

/**
 * Longest time, in milliseconds, that a prober is allowed to be mistaken for a holder. The probe takes
 * microseconds, but it may be interrupted in the middle: on two busy cores 2 ms let up to 12 of 20,000
 * starts fail beside a prober in a hot loop, 20 ms none.
 */
const GRACE_MS = 20;
/** Milliseconds between two questions. What passes by itself (graces.ts) takes far longer than a probe. */
export const PAUSES_MS = { doubtful: 0.2, passing: 5 };

/** `doubtful`: it may be due to a prober. `passing`: something else, which has its own end, is to be waited for. */
export type Certainty = 'certain' | 'doubtful' | 'passing';

/**
 * Asks again while the answer may be due to a prober, or to a holder that is just writing its record:
 * "held", and nobody alive says so.
 */
export function askPastProbers<T>(ask: () => T, certaintyOf: (answer: T) => Certainty): T {
  let deadline: number | undefined;
  for (;;) {
    const answer = ask();
    const certainty = certaintyOf(answer);
    if (certainty === 'certain') return answer;
    if (certainty === 'doubtful') {
      deadline ??= monotonicMs() + GRACE_MS;
      if (monotonicMs() >= deadline) return answer;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSES_MS[certainty]);
  }
}
