// The delays between a waiter's attempts.

const FIRST_DELAY_MS = 5;
/**
 * The longest delay in milliseconds, and the longest sleep of a waiter with an `onContended`
 * callback.
 */
export const MAX_BACKOFF_MS = 250;

/**
 * The delays in milliseconds between two attempts on a lock that is being watched. The system
 * reports the release, so these attempts only find a release whose report was missed. Each
 * attempt takes 0.5 ms of CPU time, because its code is no longer in the caches.
 */
const RECHECK = { firstMs: 2000, maxMs: 30_000 };

/**
 * Yields delays in milliseconds: 5, 10, 20 and so on up to 250, each randomly shortened by up to 50
 * % so that waiters do not retry at the same time.
 */
export function backoffDelays(random?: () => number): Generator<number, never> {
  return doublingDelays({ firstMs: FIRST_DELAY_MS, maxMs: MAX_BACKOFF_MS }, random);
}

/** Yields delays from 2 s to 30 s, in the same way. */
export function recheckDelays(random?: () => number): Generator<number, never> {
  return doublingDelays(RECHECK, random);
}

function* doublingDelays(
  { firstMs, maxMs }: { firstMs: number; maxMs: number },
  random: () => number = Math.random,
): Generator<number, never> {
  for (let delayMs = firstMs; ; delayMs = Math.min(delayMs * 2, maxMs)) {
    yield delayMs * (1 - random() / 2);
  }
}
