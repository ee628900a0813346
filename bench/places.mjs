// Where the locks of a bench lie: a fresh directory on the file system of TMPDIR, removed at the end.
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-lock-bench-')));
let places = 0;

export function freshDirectory() {
  const path = join(root, String(++places));
  mkdirSync(path, { mode: 0o700 });
  return path;
}

export const freshPath = () => join(freshDirectory(), 'a.lock');

export function removePlaces() {
  rmSync(root, { recursive: true, force: true });
}

/** Below the range that the system gives to outgoing connections, one of which could have it just then. */
export async function freePort() {
  for (let port = 18_790; port < 28_000; port++) if (await canListen(port)) return port;
  throw new Error('no free port');
}

function canListen(port) {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
