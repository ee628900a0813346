// Creates an empty directory for a test.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Creates an empty directory, which is removed after the test. */
export function freshDirectory(parent = tmpdir()): string {
  // Uses the real path, as the library does, because TEMP on a GitHub runner contains a short name
  // (RUNNER~1).
  const directory = realpathSync.native(mkdtempSync(join(parent, 'gateway-lock-')));
  // Retries, because Windows closes a killed process's files only some time after its end.
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 }));
  return directory;
}
