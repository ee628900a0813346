import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type FileLock, probeLock, tryAcquireLock } from '../../src/index.js';
import { startActor } from '../support/actors.js';
import { need } from '../support/capabilities.js';
import { whyHeldFileStays } from '../support/held-file.js';
import { startLockWorker } from '../support/lock-worker.js';
import { freshDirectory } from '../support/places.js';

/** What a wait that blocks a thread of libuv's pool would never meet. */
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
  test('releases what that worker held, and clears its record', async () => {
    const path = lockPath();
    const worker = await startLockWorker();
    expect(await worker.call('tryAcquire', path)).toBe(true);
    expect(tryAcquireLock(path)).toBeNull();
    await worker.terminate();
    expect(probeLock(path)).toMatchObject({ state: 'free', owner: null });
    expect(acquire(path).reclaimed).toBeNull();
  });

  test('releases what it held even while it never gives its event loop back', async () => {
    const path = lockPath();
    const worker = await startLockWorker();
    await worker.call('tryAcquire', path);
    await worker.call('spin');
    await worker.terminate();
    expect(acquire(path).held).toBe(true);
  });

  test('takes nothing from the main thread, from another worker, or from another process', async () => {
    const directory = freshDirectory();
    const paths = ['main', 'worker', 'process', 'own'].map((name) => join(directory, name));
    const [main, other, elsewhere, own] = paths as [string, string, string, string];
    const [worker, doomed, actor] = [await startLockWorker(), await startLockWorker(), await startActor()];
    const lock = acquire(main);
    await Promise.all([worker.call('tryAcquire', other), actor.call('tryAcquire', elsewhere)]);
    await doomed.call('tryAcquire', own);
    await doomed.terminate();
    expect([lock.verify(), await worker.call('verify', other), await actor.call('verify', elsewhere)]).toEqual([
      true,
      true,
      true,
    ]);
    expect(paths.map((path) => probeLock(path).state)).toEqual(['held', 'held', 'held', 'free']);
  });

  test('removes nothing of the successor, when the file of the worker had been replaced', async (ctx) => {
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

  test('leaves a lock that the worker shares with others to them', async () => {
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

describe('two workers of one process', () => {
  test('contend as two processes do', async () => {
    const path = lockPath();
    const [holder, contender] = [await startLockWorker(), await startLockWorker()];
    expect(await holder.call('tryAcquire', path)).toBe(true);
    expect(await contender.call('tryAcquire', path)).toBe(false);
    const waiting = contender.call('acquire', path, { timeoutMs: 20_000 });
    await holder.call('release', path);
    expect(await waiting).toBe(true);
    expect(await holder.call('tryAcquire', path)).toBe(false);
  });
});

describe('process.exit() while the process waits for a lock', () => {
  test('exits at once, with its code, and leaves the lock to its holder', async () => {
    const path = lockPath();
    const lock = acquire(path);
    const waiter = await startActor();
    for (let waits = 0; waits < 8; waits++) await waiter.call('startWaiting', path);
    await waiter.call('exit', 7);
    expect(await expectAtOnce(waiter.exited)).toEqual({ code: 7, signal: null });
    expect(lock.verify()).toBe(true);
  });
});

describe('a lock whose object was collected as garbage', () => {
  test('stays held until the process ends', async () => {
    const path = lockPath();
    const [holder, contender] = [await startActor({ execArgv: ['--expose-gc'] }), await startActor()];
    await holder.call('tryAcquire', path);
    // Each call is a turn of the event loop, in which finalizers run.
    for (let turns = 0; turns < 10; turns++) await holder.call('forget', path);
    expect(await contender.call('tryAcquire', path)).toBeNull();
    expect(await contender.call('probe', path)).toMatchObject({ state: 'held', owner: { pid: holder.pid } });
    await holder.kill('SIGKILL');
    expect(await contender.call('tryAcquire', path)).toMatchObject({ reclaimed: 'owner-gone' });
  });
});
