import { getEventListeners } from 'node:events';
import { existsSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type AcquireLockOptions,
  acquireLock,
  type FileLock,
  LockError,
  probeLock,
  tryAcquireLock,
} from '../../src/index.js';
import { native } from '../../src/native/load.js';
import { startActor } from '../support/actors.js';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { until } from '../support/until.js';

const lockPath = () => join(freshDirectory(), 'a.lock');

async function acquire(path: string, options?: AcquireLockOptions): Promise<FileLock> {
  const lock = await acquireLock(path, options);
  onTestFinished(() => lock.release());
  return lock;
}

const caughtFrom = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );

describe('acquireLock()', () => {
  test('returns at once if the lock is free', async () => {
    let refusals = 0;
    const lock = await acquire(lockPath(), { timeoutMs: 0, onContended: () => void refusals++ });
    expect([lock.held, refusals]).toEqual([true, 0]);
  });

  test('returns when a holder in another process releases the lock', async () => {
    const path = lockPath();
    const holder = await startActor();
    await holder.call('tryAcquire', path);
    let released: Promise<unknown> | undefined;
    const onContended = () => {
      released ??= holder.call('release', path);
    };
    expect((await acquire(path, { timeoutMs: 20_000, onContended })).verify()).toBe(true);
    expect(released).toBeDefined();
    await released;
  });

  test('returns when the holder dies', async () => {
    const path = lockPath();
    const holder = await startActor();
    await holder.call('tryAcquire', path);
    const lock = await acquire(path, { timeoutMs: 20_000, onContended: () => void holder.kill('SIGKILL') });
    expect(lock.reclaimed).toBe('owner-gone');
  });

  test('acquireLock() can wait without a time limit, and does not block the event loop', async () => {
    const path = lockPath();
    const holder = await acquire(path);
    const waiting = acquire(path, { timeoutMs: Infinity });
    for (let turns = 0; turns < 20; turns++) await turn();
    holder.release();
    expect((await waiting).held).toBe(true);
  });

  test('acquireLock() does not block the thread at the common deadline of many waiters for an unknown holder, because they retry at the same time', async () => {
    const path = lockPath();
    await acquire(path, { mode: 'shared' });
    const blocked = vi.spyOn(Atomics, 'wait');
    onTestFinished(() => blocked.mockRestore());
    expect(tryAcquireLock(path)).toBeNull();
    expect(blocked).toHaveBeenCalled();
    blocked.mockClear();
    const all = Array.from({ length: 20 }, () => caughtFrom(acquireLock(path, { timeoutMs: 20 })));
    for (const error of await Promise.all(all)) expect(error).toMatchObject({ code: 'ERR_LOCK_TIMEOUT' });
    expect(blocked).not.toHaveBeenCalled();
  });

  test('grants the lock to one of many waiters at a time until all have acquired it', async () => {
    const path = lockPath();
    let holders = 0;
    let served = 0;
    const work = async () => {
      using lock = await acquireLock(path, { timeoutMs: 20_000 });
      expect([++holders, lock.verify()]).toEqual([1, true]);
      await turn();
      holders--;
      served++;
    };
    await Promise.all(Array.from({ length: 8 }, work));
    expect(served).toBe(8);
  });
});

/** Counts a waiter's attempts in each turn of the event loop. `most` returns the largest number. */
function attemptsPerTurn(): { most(): number } {
  const { retry } = native();
  let [most, current] = [0, 0];
  const spy = vi.spyOn(native(), 'retry').mockImplementation((waiter) => {
    current++;
    if (current === 1) setImmediate(() => ([most, current] = [Math.max(most, current), 0]));
    return retry(waiter);
  });
  onTestFinished(() => spy.mockRestore());
  return { most: () => most };
}

test('a waiter that is woken while the file is blank makes five more attempts before it pauses', async (ctx) => {
  need(ctx, process.platform === 'win32' ? 'Windows does not let other processes clear a locked file' : null);
  const path = join(freshDirectory(), 'a.lock');
  const holder = await startActor();
  await holder.call('tryAcquire', path);
  const attempts = attemptsPerTurn();
  const waiting = acquireLock(path, { timeoutMs: Number.POSITIVE_INFINITY });
  await expect.poll(attempts.most).toBeGreaterThan(0);
  truncateSync(path);
  await expect.poll(attempts.most, { timeout: 10_000 }).toBe(6);
  await holder.kill();
  (await waiting).release();
});

describe('acquireLock() and its deadline', () => {
  test('acquireLock() makes one attempt with a timeout of 0 ms, and the error contains the holder', async () => {
    const path = lockPath();
    const { owner } = await acquire(path, { owner: { role: 'gateway' } });
    let refusals = 0;
    const error = await caughtFrom(acquireLock(path, { timeoutMs: 0, onContended: () => void refusals++ }));
    expect(error).toBeInstanceOf(LockError);
    expect(error).toMatchObject({ name: 'LockError', code: 'ERR_LOCK_TIMEOUT', path, owner, ownerAlive: true });
    expect(refusals).toBe(1);
  });

  test('acquireLock() rejects at the deadline with an error that names the lock, the holder, the duration of the wait and what to do', async () => {
    const path = lockPath();
    const holder = await startActor();
    await holder.call('tryAcquire', path);
    const { message } = (await caughtFrom(acquireLock(path, { timeoutMs: 1 }))) as Error;
    expect(message).toContain(`lock '${path}' is held by pid ${holder.pid}; gave up after 1 ms`);
    expect(message).toMatch(new RegExp(`timeoutMs.*(kill|taskkill /PID) ${holder.pid}`));
  });

  test('acquireLock() reports an unknown holder at the deadline if the lock file has no record', async () => {
    const path = lockPath();
    await acquire(path, { mode: 'shared' });
    expect(await caughtFrom(acquireLock(path, { timeoutMs: 1 }))).toMatchObject({
      code: 'ERR_LOCK_TIMEOUT',
      owner: null,
      ownerAlive: null,
      message: expect.not.stringMatching(/pid \d|null|undefined|kill \d/),
    });
  });

  test('acquireLock() waits exactly until the deadline and makes a last attempt then', async () => {
    const path = lockPath();
    await acquire(path);
    const tries: number[] = [];
    const started = performance.now();
    await caughtFrom(acquireLock(path, { timeoutMs: 320, onContended: () => void tries.push(performance.now()) }));
    expect(performance.now() - started).toBeLessThan(5000);
    expect(tries.at(-1)! - started).toBeGreaterThanOrEqual(319);
  });

  test('acquireLock() leaves no lock held after the deadline', async () => {
    const path = lockPath();
    const holder = await acquire(path);
    await caughtFrom(acquireLock(path, { timeoutMs: 20 }));
    holder.release();
    expect(probeLock(path)).toMatchObject({ state: 'free', owner: null });
    expect((await acquire(path, { timeoutMs: 0 })).held).toBe(true);
  });
});

describe('an AbortSignal of acquireLock()', () => {
  test('prevents the acquire if it is already aborted, even if the lock is free', async () => {
    const path = lockPath();
    const reason = new Error('enough');
    expect(await caughtFrom(acquireLock(path, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(existsSync(path)).toBe(false);
  });

  test('an AbortSignal of acquireLock() ends the wait with signal.reason, which can be of any type', async () => {
    const path = lockPath();
    await acquire(path);
    for (const reason of [new Error('enough'), 'a text', { any: 'value' }, undefined]) {
      const abort = new AbortController();
      const waiting = acquireLock(path, {
        timeoutMs: Infinity,
        signal: abort.signal,
        onContended: () => abort.abort(reason),
      });
      expect(await caughtFrom(waiting)).toBe(abort.signal.reason);
    }
  });

  test('an AbortSignal of acquireLock() ends the wait in the middle of a sleep between two attempts', async () => {
    const path = lockPath();
    await acquire(path);
    const abort = new AbortController();
    let refusals = 0;
    const onContended = () => void refusals++;
    let error: unknown;
    const waiting = acquireLock(path, { timeoutMs: Infinity, signal: abort.signal, onContended });
    void caughtFrom(waiting).then((caught) => (error = caught));
    await until(() => refusals === 2, 'a pause of 125 ms or more begins');
    abort.abort();
    for (let turns = 0; turns < 3; turns++) await turn();
    expect(error).toBe(abort.signal.reason);
  });

  test('an AbortSignal of acquireLock() leaves no lock held and no event listener after an abort', async () => {
    const path = lockPath();
    const holder = await acquire(path);
    const abort = new AbortController();
    await caughtFrom(acquireLock(path, { timeoutMs: 30, signal: abort.signal }));
    const waiting = acquireLock(path, { signal: abort.signal, onContended: () => abort.abort() });
    await caughtFrom(waiting);
    holder.release();
    expect(probeLock(path)).toMatchObject({ state: 'free', owner: null });
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
  });

  test('an AbortSignal of acquireLock() does not affect a lock that is already held', async () => {
    const abort = new AbortController();
    const lock = await acquire(lockPath(), { signal: abort.signal });
    abort.abort();
    await turn();
    expect(lock.verify()).toBe(true);
  });
});

describe('the callback onContended', () => {
  test('the callback onContended ends the wait with its error if the callback throws or rejects, and no lock is held', async () => {
    const path = lockPath();
    const holder = await acquire(path);
    const stop = new Error('stop');
    const throwing = () => {
      throw stop;
    };
    expect(await caughtFrom(acquireLock(path, { onContended: throwing }))).toBe(stop);
    expect(await caughtFrom(acquireLock(path, { onContended: () => Promise.reject(stop) }))).toBe(stop);
    holder.release();
    expect(probeLock(path)).toMatchObject({ state: 'free', owner: null });
  });

  test('the callback onContended is called at least every 250 ms, even though the waiter would be woken on release', async () => {
    const path = lockPath();
    // The holder is alive, so that without onContended 1 to 30 s would pass between two attempts.
    await acquire(path);
    const abort = new AbortController();
    let calls = 0;
    const started = performance.now();
    const onContended = () => void (++calls === 17 && abort.abort());
    await caughtFrom(acquireLock(path, { timeoutMs: Infinity, signal: abort.signal, onContended }));
    expect(performance.now() - started).toBeLessThan(20_000); // 4 s, or minutes
  });

  test('the callback onContended is awaited before the next attempt', async () => {
    const path = lockPath();
    const holder = await acquire(path);
    const steps: string[] = [];
    const onContended = async () => {
      steps.push('begin');
      for (let turns = 0; turns < 5; turns++) await turn();
      if (steps.length > 4) holder.release();
      steps.push('end');
    };
    await acquire(path, { timeoutMs: 20_000, onContended });
    expect(steps).toEqual(['begin', 'end', 'begin', 'end', 'begin', 'end']);
  });
});

describe('wrong arguments of acquireLock()', () => {
  const path = '/nonexistent/gateway-lock/a.lock';
  test.each([
    ['mode', { mode: 'both' }, 'ERR_INVALID_ARG_VALUE'],
    ['weakFileSystem', { weakFileSystem: true }, 'ERR_INVALID_ARG_VALUE'],
    ['owner', { owner: 'me' }, 'ERR_INVALID_ARG_TYPE'],
    ['timeoutMs', { timeoutMs: -1 }, 'ERR_OUT_OF_RANGE'],
    ['timeoutMs', { timeoutMs: Number.NaN }, 'ERR_OUT_OF_RANGE'],
    ['timeoutMs', { timeoutMs: '5000' }, 'ERR_INVALID_ARG_TYPE'],
    ['signal', { signal: {} }, 'ERR_INVALID_ARG_TYPE'],
    ['endpoint', { endpoint: 18789 }, 'ERR_INVALID_ARG_TYPE'],
    ['endpoint.port', { endpoint: { host: '127.0.0.1', port: 70_000 } }, 'ERR_OUT_OF_RANGE'],
    ['host', { endpoint: { host: 'example.org', port: 1 } }, 'ERR_INVALID_ARG_VALUE'],
    ['options', null, 'ERR_INVALID_ARG_TYPE'],
    ['options', 5000, 'ERR_INVALID_ARG_TYPE'],
  ])('acquireLock() names the wrong argument %s of %o and acquires nothing', async (name, options, code) => {
    const error = await caughtFrom(acquireLock(path, options as AcquireLockOptions));
    expect(error).toMatchObject({ code, message: expect.stringContaining(name) });
    expect(existsSync(path)).toBe(false);
  });

  test.each([
    ['', 'ERR_INVALID_ARG_VALUE'],
    ['/tmp/a\0b', 'ERR_INVALID_ARG_VALUE'],
    [undefined, 'ERR_INVALID_ARG_TYPE'],
    [{}, 'ERR_INVALID_ARG_TYPE'],
  ])('acquireLock() and tryAcquireLock() refuse the path %o', async (value, code) => {
    const expected = { name: 'TypeError', code, message: expect.stringContaining('path') };
    expect(() => tryAcquireLock(value as string)).toThrow(expect.objectContaining(expected) as Error);
    expect(await caughtFrom(acquireLock(value as string))).toMatchObject(expected);
  });
});
