// A waiter of this package wakes when another program releases the lock, although such a program
// does not remove the lock file and often does not write to the file.
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { acquireLock, type FileLock, type WaitMode } from '../../src/index.js';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { printedPid, start, untilPrinted } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { hold } from '../support/holding.js';
import { neverRecheck } from '../support/no-recheck.js';
import { KERNEL_LOCKERS, OtherProcess, whyNoFlock } from '../support/other-lockers.js';

const LENDING_HOLDER = fileURLToPath(new URL('../fixtures/lending-holder.mjs', import.meta.url));
const ROUNDS = 5;
/** The time limit of a wait, after which the test fails. */
const WAKE_MS = 20_000;
const lockPath = () => join(freshDirectory(), 'a.lock');

interface Waiter {
  readonly lock: Promise<FileLock>;
}

/**
 * Resolves when the waiter watches the lock. The watch begins in the same turn of the event loop as
 * the first refusal.
 */
async function startToWait(path: string): Promise<Waiter> {
  neverRecheck();
  const lock = acquireLock(path, { timeoutMs: Number.POSITIVE_INFINITY, signal: AbortSignal.timeout(WAKE_MS) });
  lock.catch(() => {});
  await new Promise((resolve) => setImmediate(resolve));
  return { lock };
}

async function expectWoken({ lock }: Waiter, how: WaitMode = 'watch'): Promise<void> {
  using acquired = await lock;
  expect(acquired.waitMode).toBe(how);
}

describe('a waiter for a lock that another program holds', () => {
  test.for(KERNEL_LOCKERS.map((one) => [one.name, one] as const))(
    'wakes when %s releases the lock',
    async ([, locker], ctx) => {
      need(ctx, locker.missing);
      const path = lockPath();
      for (let round = 0; round < ROUNDS; round++) {
        const other = await new OtherProcess(locker, path).holds();
        const waiter = await startToWait(path);
        await other.release();
        await expectWoken(waiter);
      }
    },
  );

  test('wakes when flock -n -F is killed, which is the only process with the file open', async (ctx) => {
    const locker = KERNEL_LOCKERS.find(({ name }) => name === 'flock -n -F')!;
    need(ctx, locker.missing);
    const path = lockPath();
    const other = await new OtherProcess(locker, path).holds();
    const waiter = await startToWait(path);
    await other.kill();
    await expectWoken(waiter);
  });

  test('wakes when a program is killed that outlived the flock(1) that started the program', async (ctx) => {
    need(ctx, whyNoFlock);
    const path = lockPath();
    const run = start(['-n', path, 'sh', '-c', 'sleep 600 & echo $!'], { program: ['flock'] });
    const survivor = await printedPid(run);
    if (run.child.exitCode === null) await once(run.child, 'exit');
    const waiter = await startToWait(path);
    process.kill(survivor, 'SIGKILL');
    await expectWoken(waiter);
  });
});

describe('a waiter and a release that keeps the lock file', () => {
  test('a waiter wakes when a holder in another process releases the lock and keeps the file', async () => {
    const path = lockPath();
    const holder = hold(path);
    const { ino } = statSync(path);
    const waiter = await startToWait(path);
    holder.release();
    await expectWoken(waiter);
    expect(statSync(path).ino).toBe(ino);
  });

  test('a waiter wakes when a holder releases the lock although a living child has inherited the descriptor', async (ctx) => {
    need(ctx, whyNoInheritance);
    const path = lockPath();
    const holder = start([LENDING_HOLDER, path], { program: [process.execPath], stdin: 'pipe' });
    const child = await printedPid(holder);
    onTestFinished(() => void process.kill(child, 'SIGKILL'));
    const waiter = await startToWait(path);
    holder.child.stdin!.end();
    await untilPrinted(holder, /^released$/m);
    await expectWoken(waiter);
    expect(() => process.kill(child, 0)).not.toThrow();
  });

  test('a waiter wakes when a shared holder, which writes no record, releases the lock', async () => {
    const path = lockPath();
    writeFileSync(path, '');
    const reader = hold(path, { mode: 'shared' });
    const waiter = await startToWait(path);
    reader.release();
    // Windows reports neither the release of a shared lock nor the end of a process without a
    // record.
    await expectWoken(waiter, process.platform === 'win32' ? 'poll' : 'watch');
  });
});
