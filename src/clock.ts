// The clock for waits and deadlines, and the format of durations in messages.

/**
 * The longest delay in milliseconds that setTimeout() supports. Node replaces a longer one with 1
 * ms.
 */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Returns the milliseconds since this process started, regardless of changes to the system clock.
 * The first call of performance.now() would take 1 ms, because it loads 14 of Node's modules.
 */
export function monotonicMs(): number {
  return process.uptime() * 1000;
}

/**
 * Formats a duration as `50 ms`, rounded because the difference of two clock values has up to 14
 * decimals.
 */
export function durationText(ms: number): string {
  return `${Math.round(ms)} ms`;
}
