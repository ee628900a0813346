// Creates a fresh directory for a test, finds a free port, and waits for a condition.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export { freePort } from './free-port.js';

/** Creates an empty directory, which is removed after the test. */
export function freshDirectory(parent = tmpdir()): string {
  // The library uses real paths: TEMP on a GitHub runner contains a short name (RUNNER~1).
  const directory = realpathSync.native(mkdtempSync(join(parent, 'gateway-lock-')));
  // Retries, because Windows closes the files of a killed process some time after its end.
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 }));
  return directory;
}

/** Polls until the condition is true. Use it for asynchronous effects of the operating system. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
