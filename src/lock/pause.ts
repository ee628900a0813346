// Sleeping between two tries.
import { setTimeout as sleep } from 'node:timers/promises';

/** setTimeout() takes a longer one for 1 ms. */
const LONGEST_TIMER_MS = 0x7fffffff;

/** @throws `signal.reason` as soon as the signal aborts */
export async function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(Math.min(delayMs, LONGEST_TIMER_MS), undefined, signal === undefined ? {} : { signal });
  } catch {
    signal?.throwIfAborted();
  }
}
