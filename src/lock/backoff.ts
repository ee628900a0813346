// The delays between a waiter's attempts.

const FIRST_DELAY_MS = 5;
/**
 * The longest delay in milliseconds, and the longest sleep of a waiter with an `onContended`
 * callback.
 */
export const MAX_BACKOFF_MS = 250;

/**
 * Yields delays in milliseconds: 5, 10, 20 and so on up to 250, each randomly shortened by up to 50
 * % so that waiters do not retry at the same time.
 */
export function* backoffDelays(random: () => number = Math.random): Generator<number, never> {
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, MAX_BACKOFF_MS)) {
    yield delayMs * (1 - random() / 2);
  }
}
