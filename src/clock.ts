// The clock for waits and deadlines, and the format of durations in messages.

/**
 * The longest delay, in milliseconds, that setTimeout() supports. Node replaces a longer delay with
 * 1 ms.
 */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Returns the milliseconds since this process started. Changes of the system clock have no effect
 * on the result. Does not use performance.now(), because its first call takes 1 ms to load 14 of
 * Node's modules.
 */
export function monotonicMs(): number {
  return process.uptime() * 1000;
}

/**
 * Formats a duration as `50 ms`. Rounds the duration, because the difference of two clock values
 * has up to 14 decimals.
 */
export function durationText(ms: number): string {
  return `${Math.round(ms)} ms`;
}
