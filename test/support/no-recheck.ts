// Disables the check that a waiter makes after 2 s and later while it watches a lock, so that only a system
// event can end the wait.
import { onTestFinished, vi } from 'vitest';

/** The shortest timer that is disabled, in milliseconds. */
const DISABLED_FROM_MS = 1000;

/** Disables long timers for the test. */
export function neverRecheck(): void {
  if (vi.isMockFunction(globalThis.setTimeout)) return;
  const realTimeout = globalThis.setTimeout;
  const spy = vi.spyOn(globalThis, 'setTimeout');
  spy.mockImplementation(((call: () => void, delayMs?: number, ...args: []) =>
    realTimeout(call, (delayMs ?? 0) >= DISABLED_FROM_MS ? 2 ** 31 - 1 : delayMs, ...args)) as typeof setTimeout);
  onTestFinished(() => spy.mockRestore());
}
