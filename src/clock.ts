// The clock of waits and deadlines, and how messages write a duration.

/**
 * The longest delay that setTimeout() supports, in milliseconds. Node replaces a longer one by 1
 * ms.
 */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Returns the milliseconds since this process started. Setting the system clock does not change
 * them. Not performance.now(): its first call loads 14 of Node's modules, which takes 1 ms.
 */
export function monotonicMs(): number {
  return process.uptime() * 1000;
}

/** Formats a duration as `50 ms`. Rounds, because a deadline minus the clock has 14 decimals. */
export function durationText(ms: number): string {
  return `${Math.round(ms)} ms`;
}
