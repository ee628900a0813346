// Creates a gateway's lock directory, for tests that write files to it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Creates the directory with mode 0700 and returns its path. */
export function lockDirectory(stateDir: string): string {
  const uid = process.getuid?.();
  const directory = join(stateDir, 'tmp', uid === undefined ? 'gateway' : `gateway-${uid}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}
