// A directory and a port for each test, gone afterwards.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export { freePort } from './free-port.js';

/** A fresh directory that the test may fill, removed when the test has finished. */
export function freshDirectory(parent = tmpdir()): string {
  // As the library names it: TEMP on a GitHub runner has a short name in it (RUNNER~1).
  const directory = realpathSync.native(mkdtempSync(join(parent, 'gateway-lock-')));
  // Again and again, because Windows closes the files of a killed process some time after it is gone.
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 }));
  return directory;
}

/** Asks until it is so; for what the system does by itself in its own time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs}ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
