import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type FileLock, probeLock, tryAcquireLock } from '../../src/index.js';
import { startActor } from '../support/actors.js';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { whyHeldFileStays } from '../support/held-file.js';
import { startLockWorker } from '../support/lock-worker.js';

/** A time limit that a wait would exceed if it blocked a thread of libuv's pool. */
const AT_ONCE_MS = 5000;
const lockPath = (name = 'a.lock') => join(freshDirectory(), name);

function acquire(path: string): FileLock {
  const lock = tryAcquireLock(path);
  if (lock === null) throw new Error(`'${path}' is held`);
  onTestFinished(() => lock.release());
  return lock;
}

async function expectAtOnce<T>(promise: Promise<T>): Promise<T> {
  const started = performance.now();
  const value = await promise;
  expect(performance.now() - started).toBeLessThan(AT_ONCE_MS);
  return value;
}

describe('worker.terminate()', () => {
  test('releases the locks of the worker and clears their records', async () => {
    const path = lockPath();
    const worker = await startLockWorker();
    expect(await worker.call('tryAcquire', path)).toBe(true);
    expect(tryAcquireLock(path)).toBeNull();
    await worker.terminate();
    expect(probeLock(path)).toMatchObject({ state: 'free', owner: null });
    expect(acquire(path).reclaimed).toBeNull();
  });

  test('releases the locks of a worker that blocks its event loop', async () => {
    const path = lockPath();
    const worker = await startLockWorker();
    await worker.call('tryAcquire', path);
    await worker.call('spin');
    await worker.terminate();
    expect(acquire(path).held).toBe(true);
  });

  test('worker.terminate() does not release the locks of the main thread, of another worker or of another process', async () => {
    const directory = freshDirectory();
    const paths = ['main', 'worker', 'process', 'own'].map((name) => join(directory, name));
    const [main, inWorker, inProcess, own] = paths as [string, string, string, string];
    const [worker, doomed, actor] = [await startLockWorker(), await startLockWorker(), await startActor()];
    const lock = acquire(main);
    await Promise.all([worker.call('tryAcquire', inWorker), actor.call('tryAcquire', inProcess)]);
    await doomed.call('tryAcquire', own);
    await doomed.terminate();
    expect([lock.verify(), await worker.call('verify', inWorker), await actor.call('verify', inProcess)]).toEqual([
      true,
      true,
      true,
    ]);
    expect(paths.map((path) => probeLock(path).state)).toEqual(['held', 'held', 'held', 'free']);
  });

  test('worker.terminate() does not remove the lock file of the next holder, which replaced the file of the worker', async (ctx) => {
    need(ctx, whyHeldFileStays);
    const path = lockPath();
    const worker = await startLockWorker();
    await worker.call('tryAcquire', path);
    unlinkSync(path);
    const successor = acquire(path);
    await worker.terminate();
    expect(successor.verify()).toBe(true);
    expect(tryAcquireLock(path)).toBeNull();
  });

  test('worker.terminate() does not release a shared lock for its other holders', async () => {
    const path = lockPath();
    const [one, two] = [await startLockWorker(), await startLockWorker()];
    await one.call('tryAcquire', path, { mode: 'shared' });
    await two.call('tryAcquire', path, { mode: 'shared' });
    await one.terminate();
    expect(await two.call('verify', path)).toBe(true);
    expect(tryAcquireLock(path)).toBeNull();
  });

  test('returns at once while the worker waits for a lock', async () => {
    const path = lockPath();
    const lock = acquire(path);
    const worker = await startLockWorker();
    await worker.call('startWaiting', path);
    await expectAtOnce(worker.terminate());
    lock.release();
    expect(probeLock(path).state).toBe('free');
  });
});

describe('two worker threads of one process', () => {
  test('exclude each other like two processes', async () => {
    const path = lockPath();
    const [holder, other] = [await startLockWorker(), await startLockWorker()];
    expect(await holder.call('tryAcquire', path)).toBe(true);
    expect(await other.call('tryAcquire', path)).toBe(false);
    const waiting = other.call('acquire', path, { timeoutMs: 20_000 });
    await holder.call('release', path);
    expect(await waiting).toBe(true);
    expect(await holder.call('tryAcquire', path)).toBe(false);
  });
});

describe('process.exit() in a process that waits for a lock', () => {
  test('process.exit() in a process that waits for a lock ends the process at once with the given exit code, and the holder keeps the lock', async () => {
    const path = lockPath();
    const lock = acquire(path);
    const waiter = await startActor();
    for (let waits = 0; waits < 8; waits++) await waiter.call('startWaiting', path);
    await waiter.call('exit', 7);
    expect(await expectAtOnce(waiter.exited)).toEqual({ code: 7, signal: null });
    expect(lock.verify()).toBe(true);
  });
});

describe('a lock whose object was garbage-collected', () => {
  test('a lock whose object was garbage-collected stays held until the process ends', async () => {
    const path = lockPath();
    const [holder, other] = [await startActor({ execArgv: ['--expose-gc'] }), await startActor()];
    await holder.call('tryAcquire', path);
    // Each call runs one turn of the event loop, in which finalizers run.
    for (let turns = 0; turns < 10; turns++) await holder.call('forget', path);
    expect(await other.call('tryAcquire', path)).toBeNull();
    expect(await other.call('probe', path)).toMatchObject({ state: 'held', owner: { pid: holder.pid } });
    await holder.kill('SIGKILL');
    expect(await other.call('tryAcquire', path)).toMatchObject({ reclaimed: 'owner-gone' });
  });
});
