// Asking the kernel who has a lock is itself taking it for some microseconds (native/os/lock_probe.h).
import { monotonicMs } from '../clock.js';
import { sleep } from '../sleep.js';

/**
 * Longest time, in milliseconds, that a prober is allowed to be mistaken for a holder. The probe takes
 * microseconds, but it may be interrupted in the middle: on two busy cores 2 ms let up to 12 of 20,000
 * starts fail beside a prober in a hot loop, 20 ms none.
 */
const GRACE_MS = 20;
/** Milliseconds between two questions. What passes by itself (gracePeriods.ts) takes far longer than a probe. */
export const PAUSES_MS = { doubtful: 0.2, passing: 5 };

/** `doubtful`: it may be due to a prober. `passing`: something else, which has its own end, is to be waited for. */
export type Certainty = 'certain' | 'doubtful' | 'passing';

/**
 * Asks again while the answer may be due to a prober, or to a holder that is just writing its record:
 * "held", and nobody alive says so. Blocks the thread meanwhile.
 */
export function retryPastProbersSync<T>(ask: () => T, certaintyOf: (answer: T) => Certainty): T {
  const doubt = new Doubt();
  for (;;) {
    const answer = ask();
    const pauseMs = doubt.pauseMs(certaintyOf(answer));
    if (pauseMs === null) return answer;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
  }
}

/** The same for those who may wait: many do so at the same time. @throws `signal.reason` as soon as the signal aborts */
export async function retryPastProbers<T>(
  ask: () => T,
  certaintyOf: (answer: T) => Certainty,
  signal: AbortSignal | undefined,
): Promise<T> {
  const doubt = new Doubt();
  for (;;) {
    const answer = ask();
    const pauseMs = doubt.pauseMs(certaintyOf(answer));
    if (pauseMs === null) return answer;
    await sleep(pauseMs, signal);
  }
}

class Doubt {
  #deadline: number | undefined;

  /** Milliseconds until it is worth asking again; null: the answer stands. */
  pauseMs(certainty: Certainty): number | null {
    if (certainty === 'certain') return null;
    if (certainty === 'doubtful') {
      this.#deadline ??= monotonicMs() + GRACE_MS;
      if (monotonicMs() >= this.#deadline) return null;
    }
    return PAUSES_MS[certainty];
  }
}
