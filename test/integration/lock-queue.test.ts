// Several waiters of one process for one lock: the order in which they acquire, and their cleanup.
import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { acquireLock, probeLock, tryAcquireLock } from '../../src/index.js';
import type { LockId } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { type Missing, need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { hold } from '../support/holding.js';
import { newLine } from '../support/records.js';
import { until } from '../support/until.js';

const MANY = 200;
/** The error codes of a wait that ended at its deadline or because its signal was aborted. */
const GAVE_UP = ['ERR_LOCK_TIMEOUT', DOMException.TIMEOUT_ERR];
const lockPath = () => join(freshDirectory(), 'a.lock');

describe('several waiters of one process', () => {
  test('waiters acquire in the order of their arrival, with at most four attempts per release', async () => {
    const path = lockPath();
    const holder = hold(path);
    const tries = vi.spyOn(native(), 'retry');
    onTestFinished(() => tries.mockRestore());
    const served: number[] = [];
    const waits = Array.from({ length: MANY }, async (_, number) => {
      using lock = await acquireLock(path, { timeoutMs: Infinity });
      expect([lock.verify(), lock.waitMode]).toEqual([true, 'watch']);
      served.push(number);
      await turn();
    });
    holder.release();
    await Promise.all(waits);
    expect(served).toEqual(Array.from({ length: MANY }, (_, number) => number));
    // Only the first waiter in the queue makes attempts: when the waiter becomes the first, when
    // its watch begins, and when it is woken. The waiter makes one more attempt if the write of the
    // new holder's record is reported late. If each release woke all waiters, there would be MANY *
    // MANY / 2 attempts.
    expect(tries.mock.calls.length).toBeLessThanOrEqual(4 * MANY);
  });

  test('shared waiters acquire together, and an exclusive waiter between them acquires when it is first', async () => {
    const path = lockPath();
    const holder = hold(path);
    const inside: string[] = [];
    const enter = async (name: string, mode: 'shared' | 'exclusive') => {
      const lock = await acquireLock(path, { mode, timeoutMs: Infinity });
      inside.push(name);
      return lock;
    };
    const readers = ['a', 'b', 'c'].map((name) => enter(name, 'shared'));
    const writer = enter('w', 'exclusive');
    const late = enter('d', 'shared');
    holder.release();
    const locks = await Promise.all(readers);
    expect(inside).toEqual(['a', 'b', 'c']);
    for (const lock of locks) lock.release();
    (await writer).release();
    (await late).release();
    expect(inside).toEqual(['a', 'b', 'c', 'w', 'd']);
  });

  test('a waiter that gives up leaves the queue, so that later waiters do not wait longer', async () => {
    const path = lockPath();
    const holder = hold(path);
    const abort = new AbortController();
    const given = [
      acquireLock(path, { timeoutMs: Infinity, signal: abort.signal }),
      acquireLock(path, { timeoutMs: 20 }),
      acquireLock(path, { timeoutMs: Infinity, signal: abort.signal }),
    ].map((wait) => wait.catch((error: Error) => error.name));
    const patient = acquireLock(path, { timeoutMs: 20_000 });
    abort.abort();
    expect(await Promise.all(given)).toEqual(['AbortError', 'LockError', 'AbortError']);
    holder.release();
    (await patient).release();
  });

  test('waiters do not prevent the one attempt of a later caller with timeoutMs: 0', async () => {
    const path = lockPath();
    hold(path);
    const abort = new AbortController();
    const waiting = acquireLock(path, { timeoutMs: Infinity, signal: abort.signal }).catch(() => {});
    await expect(acquireLock(path, { timeoutMs: 0 })).rejects.toMatchObject({ code: 'ERR_LOCK_TIMEOUT' });
    abort.abort();
    await waiting;
  });

  test('every waiter gets calls of its onContended, whatever its position in the queue', async () => {
    const path = lockPath();
    const holder = hold(path);
    const calls = [0, 0, 0];
    const waits = calls.map((_, place) =>
      acquireLock(path, { timeoutMs: Infinity, onContended: () => void calls[place]!++ }).then((lock) =>
        lock.release(),
      ),
    );
    await until(() => calls.every((count) => count >= 3), 'each was told three times');
    holder.release();
    await Promise.all(waits);
  });
});

test('acquireLock() creates no waiter, and therefore no thread, if it does not have to wait', async () => {
  const createWaiter = vi.spyOn(native(), 'createWaiter');
  onTestFinished(() => createWaiter.mockRestore());
  for (let round = 0; round < 20; round++) {
    const lock = await acquireLock(lockPath(), { timeoutMs: 5000 });
    expect(lock.waitMode).toBeNull();
    lock.release();
  }
  const path = lockPath();
  hold(path);
  expect(tryAcquireLock(path)).toBeNull();
  expect(createWaiter).not.toHaveBeenCalled();
});

test('a waiter acquires a lock that was released just before its watch began without a sleep', async () => {
  const path = lockPath();
  const holder = native().tryAcquire(path, 0) as LockId;
  // The holder writes a record, so that the waiter watches the process of the holder.
  native().writeRecord(holder, newLine());
  const { watch } = native();
  const spy = vi.spyOn(native(), 'watch').mockImplementation((...args) => {
    native().unlock(holder); // like the kernel for a process that dies: nothing is left to report
    return watch(...args);
  });
  onTestFinished(() => spy.mockRestore());
  const sleeps = vi.spyOn(globalThis, 'setTimeout');
  onTestFinished(() => sleeps.mockRestore());
  const lock = await acquireLock(path, { timeoutMs: Infinity });
  expect(sleeps).not.toHaveBeenCalled();
  lock.release();
});

describe('waiters that give up at random moments while a lock is handed over', () => {
  test('waiters that give up at random moments leave no lock held', async () => {
    const directory = freshDirectory();
    expect(await giveUpAtRandom(directory)).toBeGreaterThan(0);
    for (const name of readdirSync(directory)) {
      expect(probeLock(join(directory, name))).toMatchObject({ state: 'free', owner: null });
    }
  });

  test('waiters that give up at random moments leave no thread and no descriptor open', async (ctx) => {
    need(ctx, whyNoResources);
    const before = resources();
    await giveUpAtRandom(freshDirectory());
    await until(
      () => {
        const { threads, files } = resources();
        return threads <= before.threads && files <= before.files;
      },
      `threads and files are as before: ${JSON.stringify(before)}`,
    );
  });
});

/** Returns the number of waiters that acquired the lock. */
async function giveUpAtRandom(directory: string): Promise<number> {
  let served = 0;
  const wait = async (number: number) => {
    const signal = AbortSignal.timeout(Math.ceil(Math.random() * 60));
    const options = Math.random() < 0.5 ? { signal, timeoutMs: Infinity } : { timeoutMs: Math.random() * 60 };
    const mode = Math.random() < 0.3 ? 'shared' : 'exclusive';
    const lock = await acquireLock(join(directory, `${number % 3}.lock`), { ...options, mode });
    served++;
    await turn();
    lock.release();
  };
  // The batches take 1 s on Linux, and 30 s under Wine on a busy machine.
  const end = performance.now() + 10_000;
  for (let batch = 0; batch < 20 && performance.now() < end; batch++) {
    const waits = await Promise.allSettled(Array.from({ length: 30 }, (_, number) => wait(number)));
    for (const wait of waits) if (wait.status === 'rejected') expect(GAVE_UP).toContain(wait.reason.code);
  }
  return served;
}

/**
 * Counts the threads and open files of this process. Under Wine, /proc belongs to the host and also
 * counts Wine's own threads and files.
 */
const whyNoResources: Missing =
  process.platform === 'linux' ? null : 'this system has no /proc/self with the threads and open files of this process';

function resources() {
  const count = (folder: string) => readdirSync(`/proc/self/${folder}`).length;
  return { threads: count('task'), files: count('fd') };
}

test('a waiter does not treat two short failures to open the file as one lasting failure', async () => {
  const path = lockPath();
  const holder = hold(path);
  const denial = Object.assign(new Error('denied'), { code: 'EBUSY', syscall: 'open', detail: 'sharing-violation' });
  const { retry } = native();
  let denials = 0;
  const spy = vi.spyOn(native(), 'retry').mockImplementation((waiter) => {
    if (denials > 0 && denials-- > 0) throw denial;
    return retry(waiter);
  });
  onTestFinished(() => spy.mockRestore());
  const watch = vi.spyOn(native(), 'watch');
  onTestFinished(() => watch.mockRestore());
  const deny = async (times: number) => {
    denials = times;
    utimesSync(path, new Date(), new Date()); // wakes the waiter
    await until(() => denials === 0, 'the waiter was denied');
  };
  const waiting = acquireLock(path, { timeoutMs: Infinity });
  await until(() => watch.mock.calls.length > 0, 'the waiter watches');
  await deny(2); // after the second failure the waiter sleeps
  await sleep(700); // longer than the grace period of a failure
  await deny(1);
  holder.release();
  (await waiting).release();
});
