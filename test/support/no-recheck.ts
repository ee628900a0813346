// A waiter looks again every 2 s although it is watching. Without that, only a report of the system ends a wait.
import { onTestFinished, vi } from 'vitest';

/** Milliseconds. Longer sleeps never end by themselves until the test has finished. */
const LONGEST_SLEEP_MS = 1000;

export function neverRecheck(): void {
  if (vi.isMockFunction(globalThis.setTimeout)) return;
  const realTimeout = globalThis.setTimeout;
  const spy = vi.spyOn(globalThis, 'setTimeout');
  spy.mockImplementation(((call: () => void, delayMs?: number, ...args: []) =>
    realTimeout(call, (delayMs ?? 0) >= LONGEST_SLEEP_MS ? 2 ** 31 - 1 : delayMs, ...args)) as typeof setTimeout);
  onTestFinished(() => spy.mockRestore());
}
