// The delays between two attempts of a waiter.

const FIRST_DELAY_MS = 5;
/**
 * The longest delay in milliseconds. A waiter with an `onContended` callback never sleeps longer.
 */
export const MAX_BACKOFF_MS = 250;

/**
 * Yields 5 ms, doubled up to 250 ms. Shortens each by up to half at random, so that waiters do not
 * retry in step.
 */
export function* backoffDelays(random: () => number = Math.random): Generator<number, never> {
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, MAX_BACKOFF_MS)) {
    yield delayMs * (1 - random() / 2);
  }
}
