// The clock of waits and deadlines, and how messages write a duration.

/**
 * Milliseconds, which nobody sets back. performance.now() says the same, and loads 14 modules of Node's when it is
 * first asked (1 ms).
 */
export function monotonicMs(): number {
  return process.uptime() * 1000;
}

/** `50 ms`. A deadline minus the clock has 14 decimals. */
export function durationText(ms: number): string {
  return `${Math.round(ms)} ms`;
}
