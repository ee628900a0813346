// The delays between a waiter's attempts.

/** Each delay is `factor` times as long as the one before, up to `maxMs`. */
interface Growth {
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/**
 * The longest delay in milliseconds, and the longest sleep of a waiter with an `onContended`
 * callback.
 */
export const MAX_BACKOFF_MS = 250;

/**
 * The delays in milliseconds between two attempts on a lock that is being watched. The system
 * reports the release, so these attempts only find a release whose report was missed. Each
 * attempt takes 0.5 to 3 ms of CPU time, because other programs have pushed its code out of the CPU
 * caches.
 */
const RECHECK: Growth = { firstMs: 2000, factor: 4, maxMs: 30_000 };

const BACKOFF: Growth = { firstMs: 5, factor: 2, maxMs: MAX_BACKOFF_MS };

/**
 * Yields delays in milliseconds: 5, 10, 20 and so on up to 250, each randomly shortened by up to 50
 * % so that waiters do not retry at the same time.
 */
export function backoffDelays(random?: () => number): Generator<number, never> {
  return growingDelays(BACKOFF, random);
}

/** Yields delays in milliseconds, for 2 s, 8 s and then 30 s, shortened in the same way. */
export function recheckDelays(random?: () => number): Generator<number, never> {
  return growingDelays(RECHECK, random);
}

function* growingDelays({ firstMs, factor, maxMs }: Growth, random = Math.random): Generator<number, never> {
  for (let delayMs = firstMs; ; delayMs = Math.min(delayMs * factor, maxMs)) {
    yield delayMs * (1 - random() / 2);
  }
}
