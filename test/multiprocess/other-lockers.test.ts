// Other programs and this package exclude each other on one path, no matter which of them waits.
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { acquireLock, probeLock, tryAcquireLock } from '../../src/index.js';
import { startActor } from '../support/actors.js';
import { need } from '../support/capabilities.js';
import { start, untilPrinted } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { hold } from '../support/holding.js';
import { KERNEL_LOCKERS, OtherProcess, PYTHON_LOCKF, whyNoFlock, whyNoLockTable } from '../support/other-lockers.js';
import { snapshotOf } from '../support/snapshot.js';

const lockPath = () => join(freshDirectory(), 'a.lock');
const named = <T extends { name: string }>(all: readonly T[]) => all.map((one) => [one.name, one] as const);
const WAITING_LOCKERS = KERNEL_LOCKERS.filter(({ waits }) => waits !== null);
const TRYING_LOCKERS = KERNEL_LOCKERS.filter(({ waits }) => waits === null);

describe('this package while another program holds the lock', () => {
  test.for(named(KERNEL_LOCKERS))(
    'neither acquires the lock that %s holds nor changes the file',
    async ([, locker], ctx) => {
      need(ctx, locker.missing);
      const path = lockPath();
      const other = await new OtherProcess(locker, path).holds();
      const before = snapshotOf(path);
      expect(tryAcquireLock(path)).toBeNull();
      expect(probeLock(path)).toEqual({ state: 'held', heldBy: locker.mode, owner: null, ownerAlive: null });
      await expect(acquireLock(path, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'ERR_LOCK_TIMEOUT' });
      const reader = tryAcquireLock(path, { mode: 'shared' });
      expect(reader === null).toBe(locker.mode === 'exclusive');
      reader?.release();
      expect(snapshotOf(path)).toEqual(before);
      await other.release();
      expect(hold(path)).toMatchObject({ reclaimed: null });
    },
  );
});

describe('another program while this package holds the lock', () => {
  test.for(named(TRYING_LOCKERS))(
    '%s is refused, and locks the same file after the release',
    async ([, locker], ctx) => {
      need(ctx, locker.missing);
      const path = lockPath();
      const lock = hold(path);
      const { ino } = statSync(path);
      expect(await new OtherProcess(locker, path).isRefused()).toBe(true);
      lock.release();
      await new OtherProcess(locker, path).holds();
      expect(statSync(path)).toMatchObject({ ino, size: 0 });
      expect(tryAcquireLock(path)).toBeNull();
    },
  );

  test.for(named(WAITING_LOCKERS))('%s waits, and excludes this package after the release', async ([, locker], ctx) => {
    need(ctx, locker.missing ?? whyNoLockTable);
    const path = lockPath();
    const lock = hold(path);
    const { ino } = statSync(path);
    const other = new OtherProcess(locker, path);
    await other.waits(path);
    expect(other.hasHeld).toBe(false);
    lock.release();
    await other.holds();
    expect(statSync(path).ino).toBe(ino);
    expect(tryAcquireLock(path)).toBeNull();
    await other.release();
    expect(hold(path).verify()).toBe(true);
    expect(statSync(path).ino).toBe(ino);
  });

  test.for(named(WAITING_LOCKERS))(
    '%s waits, and acquires the lock when the holder is killed',
    async ([, locker], ctx) => {
      need(ctx, locker.missing ?? whyNoLockTable);
      const path = lockPath();
      const holder = await startActor();
      await holder.call('tryAcquire', path);
      const other = new OtherProcess(locker, path);
      await other.waits(path);
      await holder.kill('SIGKILL');
      await other.holds();
      expect(tryAcquireLock(path)).toBeNull();
      const record = readFileSync(path, 'utf8');
      if (locker.truncates) expect(record).toBe('');
      else expect(JSON.parse(record)).toMatchObject({ pid: holder.pid });
      await other.release();
      expect(hold(path)).toMatchObject({ reclaimed: locker.truncates ? null : 'owner-gone' });
    },
  );

  test('another program can acquire a shared lock, but not an exclusive lock, beside a shared holder', async (ctx) => {
    const [exclusive, shared] = ['flock -n', 'flock -s'].map(lockerNamed);
    need(ctx, exclusive!.missing);
    const path = lockPath();
    const reader = hold(path, { mode: 'shared' });
    await new OtherProcess(shared!, path).holds();
    expect(await new OtherProcess(exclusive!, path).isRefused()).toBe(true);
    reader.release();
    expect(tryAcquireLock(path)).toBeNull();
  });
});

test('a lock with record: false on the file of another program excludes that program and leaves the file unchanged', async (ctx) => {
  const locker = lockerNamed('flock -n');
  need(ctx, locker.missing);
  const path = join(freshDirectory(), 'app.conf');
  writeFileSync(path, 'name = value\n');
  const before = snapshotOf(path);
  const lock = hold(path, { record: false });
  expect(await new OtherProcess(locker, path).isRefused()).toBe(true);
  lock.release();
  const other = await new OtherProcess(locker, path).holds();
  expect(tryAcquireLock(path, { record: false })).toBeNull();
  await other.release();
  expect(snapshotOf(path)).toEqual(before);
});

describe('kill -9 of flock(1) while the program that it started continues', () => {
  test.for([
    ['releases the lock with -o, which passes no descriptor to the program', ['-o'], true],
    ['does not release the lock without -o', [], false],
  ] as const)('%s', async ([, options, free], ctx) => {
    need(ctx, whyNoFlock);
    const path = lockPath();
    const run = start([...options, path, 'sh', '-c', 'echo held; exec sleep 600'], { program: ['flock'] });
    await untilPrinted(run, /^held$/m);
    run.child.kill('SIGKILL');
    await once(run.child, 'exit');
    const lock = tryAcquireLock(path);
    expect(lock !== null).toBe(free);
    lock?.release();
  });
});

test('Python lockf, a different kind of lock on Linux, and this package do not exclude each other', async (ctx) => {
  need(ctx, PYTHON_LOCKF.missing ?? whyNoLockTable);
  const path = lockPath();
  const lock = hold(path);
  const other = await new OtherProcess(PYTHON_LOCKF, path).holds();
  lock.release();
  expect(hold(path).verify()).toBe(true);
  await other.release();
  expect(existsSync(path)).toBe(true);
});

function lockerNamed(name: string) {
  return KERNEL_LOCKERS.find((one) => one.name === name)!;
}
