// Runs in an empty project that has just installed the package: import, require, a lock, a second process that is
// refused, the same lock after garbage collection. Prints one line of JSON, or ends non-zero.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as imported from 'gateway-lock';

const [, self, contended] = process.argv;
if (contended) contend(contended);
else await prove();

async function prove() {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-lock-proof-'));
  const path = join(directory, 'proof.lock');
  const required = createRequire(import.meta.url)('gateway-lock');
  assert.deepEqual(Object.keys(required).sort(), Object.keys(imported).sort());
  imported.tryAcquireLock(path);
  // Its object is garbage from here on; the lock is held all the same.
  const garbage = await collect();
  assert.equal(inAnotherProcess(path), 'refused');
  assert.equal(required.tryAcquireLock(path), null);
  cleanUp(directory);
  console.log(JSON.stringify({ import: true, require: true, refused: true, collected: garbage }));
}

/** Windows keeps the file of a held lock. */
function cleanUp(directory) {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch (error) {
    if (!['EBUSY', 'EPERM', 'ENOTEMPTY'].includes(error.code)) throw error;
  }
}

function contend(path) {
  console.log(imported.tryAcquireLock(path) === null ? 'refused' : 'acquired');
}

function inAnotherProcess(path) {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...process.execArgv, self ?? fileURLToPath(import.meta.url), path],
    {
      encoding: 'utf8',
    },
  );
  return stdout.trim() || stderr;
}

async function collect() {
  // V8's takes true for a look at what is new alone, which finds no garbage that has a finalizer; Bun's waits for true.
  const collector = globalThis.gc ?? globalThis.Bun?.gc.bind(null, true);
  // Finalizers run in a later turn of the event loop, some of them in Bun only after a while.
  for (let turn = 0; turn < 20; turn++) {
    collector?.();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return collector !== undefined;
}
