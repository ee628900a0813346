// Lock files on Windows: sharing modes, mandatory locks, and deletions that are refused or delayed.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { acquireLock, probeLock, tryAcquireLock } from '../../src/index.js';
import { startActor } from '../support/actors.js';
import { type Missing, need, whyNotWindows } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { hold } from '../support/holding.js';

/** The flag UV_FS_O_EXLOCK, with which libuv opens a file exclusively, without sharing. */
const SHARE_NOTHING = 0x10000000;
const REAL_DENIAL_MS = 1000;
const lockPath = () => join(freshDirectory(), 'a.lock');

function openUnshared(path: string): () => void {
  const descriptor = openSync(path, SHARE_NOTHING | 2);
  let open = true;
  const close = () => {
    if (open) closeSync(descriptor);
    open = false;
  };
  onTestFinished(close);
  return close;
}

/** Returns a reason to skip a test of read-only files, because Wine lets root write to them. */
function whyWritable(path: string): Missing {
  try {
    closeSync(openSync(path, 'r+'));
    return 'a read-only file can be written here';
  } catch {
    return null;
  }
}

describe('a lock on Windows', () => {
  beforeEach((ctx) => need(ctx, whyNotWindows));

  test('no process can remove, rename or replace the lock file while the lock is held', () => {
    const path = lockPath();
    const lock = hold(path);
    const other = join(path, '..', 'other');
    writeFileSync(other, '');
    expect(() => unlinkSync(path)).toThrow(/EBUSY|EPERM|EACCES/);
    expect(() => renameSync(path, `${path}.away`)).toThrow(/EBUSY|EPERM|EACCES/);
    expect(() => renameSync(other, path)).toThrow(/EBUSY|EPERM|EACCES/);
    expect(lock.verify()).toBe(true);
  });

  test('any program can read the record while the lock is held', () => {
    const path = lockPath();
    const lock = hold(path);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      pid: process.pid,
      createdAt: lock.owner!.createdAt,
    });
    expect(statSync(path).size).toBeLessThan(4096);
  });

  test('a process that reads the lock file delays neither the release nor the next holder', () => {
    const path = lockPath();
    const lock = hold(path);
    const reader = openSync(path, 'r');
    onTestFinished(() => closeSync(reader));
    lock.release();
    expect(probeLock(path)).toMatchObject({ state: expect.stringMatching(/^(missing|free)$/) as string, owner: null });
    hold(path);
  });

  test('an attempt waits for a lock file that another process briefly has open exclusively', async () => {
    const path = lockPath();
    writeFileSync(path, '');
    const close = openUnshared(path);
    setTimeout(close, 100);
    const lock = await acquireLock(path, { timeoutMs: 20_000 });
    expect(lock.verify()).toBe(true);
    lock.release();
  });

  test('an attempt fails after its grace period, in less than 1 s, if another process keeps the lock file open exclusively', () => {
    const path = lockPath();
    writeFileSync(path, '');
    openUnshared(path);
    const began = performance.now();
    expect(() => tryAcquireLock(path)).toThrow(
      expect.objectContaining({ code: 'EBUSY', syscall: 'open', path }) as Error,
    );
    expect(performance.now() - began).toBeGreaterThan(490);
  });

  test('probeLock() fails after the grace period of an attempt if another process keeps the lock file open exclusively', () => {
    const path = lockPath();
    writeFileSync(path, '');
    openUnshared(path);
    const began = performance.now();
    expect(() => probeLock(path)).toThrow(expect.objectContaining({ code: 'EBUSY', path }) as Error);
    expect(performance.now() - began).toBeGreaterThan(490);
  });

  test('acquireLock() fails before its deadline if another process keeps the lock file open exclusively', async () => {
    const path = lockPath();
    writeFileSync(path, '');
    openUnshared(path);
    await expect(acquireLock(path, { timeoutMs: 60_000 })).rejects.toMatchObject({ code: 'EBUSY', path });
  });

  test('taskkill /F of the holder frees the lock', async () => {
    const path = lockPath();
    const holder = await startActor();
    await holder.call('tryAcquire', path);
    const waiting = acquireLock(path, { timeoutMs: 20_000 });
    const { status, stderr } = spawnSync('taskkill', ['/F', '/PID', String(holder.pid)], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    using lock = await waiting;
    expect(lock.reclaimed).toBe('owner-gone');
  });

  test('a holder ends when its parent dies, which frees the lock', async () => {
    const path = lockPath();
    const parent = await startActor();
    const pid = await parent.call<number>('spawnHolder', path);
    expect(probeLock(path)).toMatchObject({ state: 'held', owner: { pid } });
    const waiting = acquireLock(path, { timeoutMs: 20_000 });
    await parent.kill('SIGKILL');
    using lock = await waiting;
    expect(lock.reclaimed).toBe('owner-gone');
  });

  test('an attempt on a read-only file fails with a permission error', (ctx) => {
    const path = lockPath();
    writeFileSync(path, '');
    chmodSync(path, 0o444);
    onTestFinished(() => chmodSync(path, 0o666));
    need(ctx, whyWritable(path));
    const began = performance.now();
    expect(() => tryAcquireLock(path)).toThrow(expect.objectContaining({ code: 'ERR_LOCK_PERMISSION', path }) as Error);
    expect(performance.now() - began).toBeLessThan(REAL_DENIAL_MS);
  });

  test('an attempt fails at once if the path of the lock file is a directory', () => {
    const path = lockPath();
    mkdirSync(path);
    const began = performance.now();
    expect(() => tryAcquireLock(path)).toThrow(expect.objectContaining({ code: 'ERR_LOCK_INVALID_FILE' }) as Error);
    expect(performance.now() - began).toBeLessThan(REAL_DENIAL_MS);
  });

  test.each(['NUL', 'COM1', 'a:stream'])('the name %s is refused as a lock file, or names a separate file', (name) => {
    const directory = freshDirectory();
    const path = join(directory, name);
    const outcome = (() => {
      try {
        // With keepFile: false, because Node 26 cannot remove a file with a colon in its name under
        // Wine.
        const lock = tryAcquireLock(path, { keepFile: false });
        lock?.release();
        return 'taken';
      } catch (error) {
        return (error as NodeJS.ErrnoException).code;
      }
    })();
    expect(outcome).toMatch(/taken|ENOENT|EINVAL|ERR_LOCK_INVALID_FILE|ERR_LOCK_UNSUPPORTED|ERR_LOCK_PERMISSION/);
  });

  test('a path of more than 260 characters, with non-Latin scripts, names the same lock with either kind of slash', () => {
    const deep = join(freshDirectory(), ...Array.from({ length: 6 }, () => '深い'.repeat(25)));
    mkdirSync(deep, { recursive: true });
    const path = join(deep, 'a.lock');
    expect(path.length).toBeGreaterThan(300);
    hold(path);
    expect(existsSync(path)).toBe(true);
    expect(tryAcquireLock(path.replaceAll('\\', '/'))).toBe(null);
    expect(probeLock(path.toUpperCase()).state).toBe('held');
  });
});
