// Creates temporary directories for the locks of a bench, on the file system of TMPDIR, and finds
// free ports.
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';

const root = rootIn(tmpdir());
let rootInMemory;
let directories = 0;

export const freshDirectory = () => freshIn(root);

/** Creates a directory in memory if /dev/shm exists, so that the disk does not affect the times. */
export function freshDirectoryInMemory() {
  rootInMemory ??= existsSync(MEMORY) ? rootIn(MEMORY) : root;
  return freshIn(rootInMemory);
}

export const freshPath = () => join(freshDirectory(), 'a.lock');

export function removeTemporary() {
  for (const one of [root, rootInMemory]) if (one !== undefined) rmSync(one, { recursive: true, force: true });
}

function rootIn(folder) {
  return realpathSync(mkdtempSync(join(folder, 'gateway-lock-bench-')));
}

function freshIn(folder) {
  const path = join(folder, String(++directories));
  mkdirSync(path, { mode: 0o700 });
  return path;
}

/** Returns a free port below the range of outgoing connections, so that none of them can use it. */
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
