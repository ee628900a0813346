import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type FileLock, LockError, probeLock, tryAcquireLock } from '../../src/index.js';
import { type Actor, startActor } from '../support/actors.js';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { startFaultyActor, whyNoFaults } from '../support/faulty-actor.js';
import { whyHeldFileStays } from '../support/held-file.js';
import { snapshotOf } from '../support/snapshot.js';
import { until } from '../support/until.js';

const noFaults = whyNoFaults();
const lockPath = () => join(freshDirectory(), 'a.lock');

function acquire(path: string): FileLock {
  const lock = tryAcquireLock(path);
  if (lock === null) throw new Error(`'${path}' is held`);
  onTestFinished(() => lock.release());
  return lock;
}

function anotherFile(path: string): string {
  writeFileSync(`${path}.other`, '');
  return `${path}.other`;
}

/** Returns a list to which an onLost listener adds each error that it receives from now on. */
function listenTo(lock: FileLock): LockError[] {
  const errors: LockError[] = [];
  onTestFinished(lock.onLost((error) => void errors.push(error)));
  return errors;
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('verify() of a held lock', () => {
  test.for<[string, (path: string) => void]>([
    ['its file was removed', unlinkSync],
    ['its file was moved away', (path) => renameSync(path, `${path}.old`)],
    ['another file replaced its file', (path) => renameSync(anotherFile(path), path)],
    ['its directory was moved away', (path) => renameSync(dirname(path), `${dirname(path)}.old`)],
    ['its directory was removed', (path) => rmSync(dirname(path), { recursive: true })],
  ])('detects that %s', ([_what, harm], ctx) => {
    need(ctx, whyHeldFileStays);
    const path = lockPath();
    onTestFinished(() => rmSync(`${dirname(path)}.old`, { recursive: true, force: true }));
    const lock = acquire(path);
    expect(lock.verify()).toBe(true);
    harm(path);
    expect(lock.verify()).toBe(false);
  });

  test('detects no loss if only the record was overwritten', () => {
    const path = lockPath();
    const lock = acquire(path);
    writeFileSync(path, 'overwritten');
    expect(lock.verify()).toBe(true);
    expect(tryAcquireLock(path)).toBeNull();
  });

  test('reports a loss permanently, because another process may have held the lock before the file came back', (ctx) => {
    need(ctx, whyHeldFileStays);
    const path = lockPath();
    const lock = acquire(path);
    renameSync(path, `${path}.old`);
    expect(lock.verify()).toBe(false);
    renameSync(`${path}.old`, path);
    expect(lock.verify()).toBe(false);
  });
});

describe('an onLost listener', () => {
  test('an onLost listener is called with ERR_LOCK_REPLACED even if verify() is never called', async (ctx) => {
    need(ctx, whyHeldFileStays);
    const path = lockPath();
    const lock = acquire(path);
    const heard = listenTo(lock);
    unlinkSync(path);
    await until(() => heard.length > 0, 'onLost', 3000);
    expect(heard[0]).toBeInstanceOf(LockError);
    expect(heard[0]).toMatchObject({ code: 'ERR_LOCK_REPLACED', path, owner: { pid: process.pid } });
    expect(heard[0]!.message).toContain(`'${path}' was removed or replaced while this process (pid ${process.pid})`);
  });

  test('an onLost listener is called once, no matter how often verify() is called', async (ctx) => {
    need(ctx, whyHeldFileStays);
    const path = lockPath();
    const lock = acquire(path);
    const heard = listenTo(lock);
    unlinkSync(path);
    for (let i = 0; i < 3; i++) lock.verify();
    await nextTurn();
    expect(heard).toHaveLength(1);
  });

  test('an onLost listener is called even if it was added after the loss or another listener throws, but not after its removal', async (ctx) => {
    need(ctx, whyHeldFileStays);
    const path = lockPath();
    const lock = acquire(path);
    const gone = listenTo(lock);
    lock.onLost((error) => void gone.push(error))();
    const early = listenTo(lock);
    unlinkSync(path);
    lock.verify();
    const late = listenTo(lock);
    await nextTurn();
    expect([gone.length, early.length, late.length]).toEqual([1, 1, 1]);
  });

  test('an onLost listener is not called after the lock was released', async () => {
    const lock = acquire(lockPath());
    const heard = listenTo(lock);
    lock.release();
    expect(lock.verify()).toBe(false);
    await nextTurn();
    expect(heard).toEqual([]);
  });

  test('an onLost listener does not keep the process alive', async () => {
    const path = lockPath();
    const actor = await startActor();
    await actor.call('tryAcquire', path);
    await actor.call('watchLoss', path);
    await actor.call('unrefChannel');
    expect(await actor.exited).toEqual({ code: 0, signal: null });
  });
});

describe('the release of a holder whose lock file is gone', () => {
  test('the release of a holder whose lock file is gone does not remove the file or drop the lock of the next holder', async (ctx) => {
    need(ctx, whyHeldFileStays);
    const path = lockPath();
    const first = acquire(path);
    unlinkSync(path);
    const successor = await startActor();
    expect(await successor.call('tryAcquire', path)).toMatchObject({ reclaimed: null });
    const before = snapshotOf(path);
    first.release();
    expect(first.held).toBe(false);
    expect(snapshotOf(path)).toEqual(before);
    expect(await successor.call('verify', path)).toBe(true);
    expect(tryAcquireLock(path)).toBeNull();
  });

  test('the release of a holder whose lock file is gone does not remove a file that is not a lock file', (ctx) => {
    need(ctx, whyHeldFileStays);
    const path = lockPath();
    const lock = acquire(path);
    unlinkSync(path);
    writeFileSync(path, 'precious');
    lock.updateOwner({ port: 1 });
    lock.release();
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  test('the release of a holder whose lock file is gone succeeds even if the directory is gone, too', (ctx) => {
    need(ctx, whyHeldFileStays);
    const path = lockPath();
    const lock = acquire(path);
    rmSync(dirname(path), { recursive: true });
    lock.release();
    expect(lock.held).toBe(false);
    mkdirSync(dirname(path));
  });
});

describe('a lock file that is replaced between open() and flock()', () => {
  /**
   * Acquires another lock in the directory first, so that only the protocol checks the path again.
   */
  async function startExperiencedActor(fault: string, path: string): Promise<Actor> {
    writeFileSync(path, '');
    const actor = await startFaultyActor(fault, path);
    await actor.call('tryAcquire', `${path}.before`);
    return actor;
  }

  test('an attempt whose file is removed between open() and flock() acquires the lock on a new file at the path', async (ctx) => {
    need(ctx, noFaults);
    const path = lockPath();
    const actor = await startExperiencedActor('removed before flock', path);
    expect(await actor.call('tryAcquire', path)).toMatchObject({ reclaimed: null });
    expect(await actor.call('verify', path)).toBe(true);
    expect(tryAcquireLock(path)).toBeNull();
  });

  test('an attempt is refused if a new holder replaces the file between open() and flock()', async (ctx) => {
    need(ctx, noFaults);
    const path = lockPath();
    const actor = await startExperiencedActor('replaced before flock', path);
    expect(await actor.call('tryAcquire', path)).toBeNull();
    expect(probeLock(path)).toMatchObject({ state: 'held', heldBy: 'exclusive' });
  });

  test('an attempt fails with an error if the file is replaced on each retry', async (ctx) => {
    need(ctx, noFaults);
    const path = lockPath();
    const actor = await startFaultyActor('replaced before every flock', path);
    await expect(actor.call('tryAcquire', path)).rejects.toMatchObject({
      code: 'ERR_LOCK_WEAK_FILESYSTEM',
      message: expect.stringContaining('names another file on every attempt'),
    });
    expect(existsSync(path)).toBe(true);
  });
});

test('a release that cannot remove the file drops the lock, clears the record and names the file in its error', async (ctx) => {
  need(ctx, noFaults);
  const path = lockPath();
  const actor = await startFaultyActor('unlink EBUSY once', path);
  await actor.call('tryAcquire', path, { keepFile: false });
  await expect(actor.call('release', path)).rejects.toMatchObject({
    code: 'EBUSY',
    path,
    message: expect.stringContaining('is released, but its file could not be cleared or removed'),
  });
  expect(await actor.call('verify', path)).toBe(false);
  expect(readFileSync(path, 'utf8')).toBe('');
  expect(tryAcquireLock(path)?.held).toBe(true);
});
