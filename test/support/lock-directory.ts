// Where a gateway's locks lie, for tests that put files there themselves.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Made, and private to this user. */
export function lockDirectory(stateDir: string): string {
  const uid = process.getuid?.();
  const directory = join(stateDir, 'tmp', uid === undefined ? 'gateway' : `gateway-${uid}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}
