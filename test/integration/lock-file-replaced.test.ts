import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type FileLock, LockError, probeLock, tryAcquireLock } from '../../src/index.js';
import { type Actor, startActor } from '../support/actors.js';
import { need } from '../support/capabilities.js';
import { startFaultyActor, whyNoFaults } from '../support/faulty-actor.js';
import { whyHeldFileStays } from '../support/held-file.js';
import { freshDirectory, until } from '../support/places.js';
import { portraitOf } from '../support/portrait.js';

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

/** What the listener is told from now on. */
function listenTo(lock: FileLock): LockError[] {
  const heard: LockError[] = [];
  onTestFinished(lock.onLost((error) => void heard.push(error)));
  return heard;
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('the holder notices', () => {
  test.for<[string, (path: string) => void]>([
    ['that its file was removed', unlinkSync],
    ['that its file was moved away', (path) => renameSync(path, `${path}.old`)],
    ['that another file lies there', (path) => renameSync(anotherFile(path), path)],
    ['that the directory was moved away', (path) => renameSync(dirname(path), `${dirname(path)}.old`)],
    ['that the directory was removed', (path) => rmSync(dirname(path), { recursive: true })],
  ])('%s', ([_what, harm], ctx) => {
    need(ctx, whyHeldFileStays);
    const path = lockPath();
    onTestFinished(() => rmSync(`${dirname(path)}.old`, { recursive: true, force: true }));
    const lock = acquire(path);
    expect(lock.verify()).toBe(true);
    harm(path);
    expect(lock.verify()).toBe(false);
  });

  test('and does not mind that its record was overwritten', () => {
    const path = lockPath();
    const lock = acquire(path);
    writeFileSync(path, 'overwritten');
    expect(lock.verify()).toBe(true);
    expect(tryAcquireLock(path)).toBeNull();
  });

  test('and knows for good: the file that comes back may have been held by others meanwhile', (ctx) => {
    need(ctx, whyHeldFileStays);
    const path = lockPath();
    const lock = acquire(path);
    renameSync(path, `${path}.old`);
    expect(lock.verify()).toBe(false);
    renameSync(`${path}.old`, path);
    expect(lock.verify()).toBe(false);
  });
});

describe('onLost', () => {
  test('is told by itself, without verify(), with ERR_LOCK_REPLACED', async (ctx) => {
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

  test('is told once, however often somebody looks', async (ctx) => {
    need(ctx, whyHeldFileStays);
    const path = lockPath();
    const lock = acquire(path);
    const heard = listenTo(lock);
    unlinkSync(path);
    for (let i = 0; i < 3; i++) lock.verify();
    await nextTurn();
    expect(heard).toHaveLength(1);
  });

  test('is told although it came late, or another listener throws, but not once it was taken off', async (ctx) => {
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

  test('hears nothing of an orderly release', async () => {
    const lock = acquire(lockPath());
    const heard = listenTo(lock);
    lock.release();
    expect(lock.verify()).toBe(false);
    await nextTurn();
    expect(heard).toEqual([]);
  });

  test('does not keep the process alive', async () => {
    const path = lockPath();
    const actor = await startActor();
    await actor.call('tryAcquire', path);
    await actor.call('watchLoss', path);
    await actor.call('unrefChannel');
    expect(await actor.exited).toEqual({ code: 0, signal: null });
  });
});

describe('the release of a holder whose file is gone', () => {
  test('never removes the file of its successor, nor takes its lock', async (ctx) => {
    need(ctx, whyHeldFileStays);
    const path = lockPath();
    const first = acquire(path);
    unlinkSync(path);
    const successor = await startActor();
    expect(await successor.call('tryAcquire', path)).toMatchObject({ reclaimed: null });
    const before = portraitOf(path);
    first.release();
    expect(first.held).toBe(false);
    expect(portraitOf(path)).toEqual(before);
    expect(await successor.call('verify', path)).toBe(true);
    expect(tryAcquireLock(path)).toBeNull();
  });

  test('never removes a file that is no lock at all', (ctx) => {
    need(ctx, whyHeldFileStays);
    const path = lockPath();
    const lock = acquire(path);
    unlinkSync(path);
    writeFileSync(path, 'precious');
    lock.updateOwner({ port: 1 });
    lock.release();
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  test('is no error, even where the directory is gone', (ctx) => {
    need(ctx, whyHeldFileStays);
    const path = lockPath();
    const lock = acquire(path);
    rmSync(dirname(path), { recursive: true });
    lock.release();
    expect(lock.held).toBe(false);
    mkdirSync(dirname(path));
  });
});

describe('between open and flock', () => {
  /** Has locked there before, so that nothing but the protocol itself looks at the path again. */
  async function startExperiencedActor(fault: string, path: string): Promise<Actor> {
    writeFileSync(path, '');
    const actor = await startFaultyActor(fault, path);
    await actor.call('tryAcquire', `${path}.before`);
    return actor;
  }

  test('the file was removed: the lock is taken on the file that everybody else finds', async (ctx) => {
    need(ctx, noFaults);
    const path = lockPath();
    const actor = await startExperiencedActor('removed before flock', path);
    expect(await actor.call('tryAcquire', path)).toMatchObject({ reclaimed: null });
    expect(await actor.call('verify', path)).toBe(true);
    expect(tryAcquireLock(path)).toBeNull();
  });

  test('the file was replaced by that of a new holder: the lock is refused', async (ctx) => {
    need(ctx, noFaults);
    const path = lockPath();
    const actor = await startExperiencedActor('replaced before flock', path);
    expect(await actor.call('tryAcquire', path)).toBeNull();
    expect(probeLock(path)).toMatchObject({ state: 'held', heldBy: 'exclusive' });
  });

  test('the file is another one each time: that is no file system for a lock', async (ctx) => {
    need(ctx, noFaults);
    const path = lockPath();
    const actor = await startFaultyActor('replaced before every flock', path);
    await expect(actor.call('tryAcquire', path)).rejects.toMatchObject({
      code: 'ERR_LOCK_WEAK_FILESYSTEM',
      message: expect.stringContaining('another file at the path each time'),
    });
    expect(existsSync(path)).toBe(true);
  });
});

test('a release that cannot remove the file drops the lock, clears the record and says which file stays', async (ctx) => {
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
