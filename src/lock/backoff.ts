// How long a waiter sleeps between two tries, in milliseconds.

const FIRST_MS = 5;
/** Also the longest sleep of who has something else to look at between two tries. */
export const MAX_BACKOFF_MS = 250;

/** 5 ms, doubled up to 250 ms, each shortened by up to half so that waiters do not move in step. */
export function* backoffDelays(random: () => number = Math.random): Generator<number, never> {
  for (let delayMs = FIRST_MS; ; delayMs = Math.min(delayMs * 2, MAX_BACKOFF_MS)) {
    yield delayMs * (1 - random() / 2);
  }
}
