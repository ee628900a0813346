// Runs in an empty project that has just installed the package. Checks that import and require
// work, that a second process is refused a held lock, and that the lock stays held after its object
// was garbage-collected. Prints one line of JSON, or exits with another code than 0.
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
  // From here on, the object of the lock can be garbage-collected, and the lock must stay held.
  const garbage = await collect();
  assert.equal(inAnotherProcess(path), 'refused');
  assert.equal(required.tryAcquireLock(path), null);
  cleanUp(directory);
  console.log(JSON.stringify({ import: true, require: true, refused: true, collected: garbage }));
}

/** Removes the directory. Ignores that Windows refuses to remove the file of a held lock. */
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
  // gc(true) of V8 collects young objects only, and no objects with a finalizer. Bun.gc() needs
  // true to run synchronously.
  const collector = globalThis.gc ?? globalThis.Bun?.gc.bind(null, true);
  // Finalizers run in a later turn of the event loop; in Bun, some of them much later.
  for (let turn = 0; turn < 20; turn++) {
    collector?.();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return collector !== undefined;
}
