// Asking the kernel who has a lock is itself taking it for some microseconds (native/os/lock_probe.h).

/** Longest time, in milliseconds, that a prober may be mistaken for a holder. */
const GRACE_MS = 2;
const PAUSE_MS = 0.2;

/**
 * Asks again for up to 2 ms while the answer may be due to a prober, or to a holder that is just
 * writing its record: "held", and nobody alive says so.
 */
export function askPastProbers<T>(ask: () => T, isCertain: (answer: T) => boolean): T {
  const deadline = performance.now() + GRACE_MS;
  for (;;) {
    const answer = ask();
    if (isCertain(answer) || performance.now() >= deadline) return answer;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
}
