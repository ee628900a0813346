// The addon alone, where the package does not run (Node 18) or to see that a program may have any name: loads it, locks, is
// refused in another process, and gets the lock when that is killed. Prints what package.mjs prints.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const LIMIT_MS = 30_000;
/** How to start this file again in the same runtime; process.execPath is no answer under qemu. */
const command = JSON.parse(process.env.GATEWAY_LOCK_TEST_COMMAND);
const addon = createRequire(import.meta.url)('../../build/Release/gateway_lock.node');
const [, , held] = process.argv;

if (held) hold(held);
else await ask();

function hold(path) {
  if (typeof addon.tryAcquire(path, 0) === 'string') process.exit(1);
  console.log('held');
  setInterval(() => {}, 1000);
}

async function ask() {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-lock-addon-'));
  const path = join(directory, 'a.lock');
  const [program, ...args] = command;
  const holder = spawn(program, [...args, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  const refused = typeof addon.tryAcquire(path, 0) === 'string';
  holder.kill('SIGKILL');
  const lock = await taken(path);
  if (lock !== null) addon.release(lock);
  rmSync(directory, { recursive: true, force: true });
  console.log(JSON.stringify({ refused, 'kill -9': lock !== null }));
}

/** Once its holder is dead; null when not in time. */
async function taken(path) {
  for (const end = Date.now() + LIMIT_MS; Date.now() < end; ) {
    const lock = addon.tryAcquire(path, 0);
    if (typeof lock !== 'string') return lock;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return null;
}
