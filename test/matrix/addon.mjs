// Checks the addon alone, in a Node that is too old for the package or has another name. The addon
// must load, must be refused a lock that another process holds, and must acquire the lock after
// that process was killed. Prints JSON in the format of package.mjs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const LIMIT_MS = 30_000;
/**
 * The program that starts this file again in the same runtime. The variable names the program if
 * process.execPath does not, for example under qemu.
 */
const command = JSON.parse(process.env.GATEWAY_LOCK_TEST_COMMAND ?? 'null') ?? [
  process.execPath,
  ...process.execArgv,
  process.argv[1],
];
const addon = createRequire(import.meta.url)('../../build/Release/gateway_lock.node');
const [, , held] = process.argv;

if (held) hold(held);
else await check();

function hold(path) {
  if (typeof addon.tryAcquire(path, 0) === 'string') process.exit(1);
  console.log('held');
  setInterval(() => {}, 1000);
}

async function check() {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-lock-addon-'));
  const path = join(directory, 'a.lock');
  const [program, ...args] = command;
  const holder = spawn(program, [...args, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  const refused = typeof addon.tryAcquire(path, 0) === 'string';
  holder.kill('SIGKILL');
  const lock = await acquire(path);
  if (lock !== null) addon.release(lock);
  rmSync(directory, { recursive: true, force: true });
  console.log(JSON.stringify({ refused, 'kill -9': lock !== null }));
}

/** Retries until the holder is dead. Returns null if the retries take longer than LIMIT_MS. */
async function acquire(path) {
  for (const end = Date.now() + LIMIT_MS; Date.now() < end; ) {
    const lock = addon.tryAcquire(path, 0);
    if (typeof lock !== 'string') return lock;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return null;
}
