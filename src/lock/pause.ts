// Sleeping between two tries.
import { setTimeout as sleep } from 'node:timers/promises';

/** @throws `signal.reason` as soon as the signal aborts */
export async function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
  } catch {
    signal?.throwIfAborted();
  }
}
