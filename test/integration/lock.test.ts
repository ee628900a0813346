import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type FileLock, probeLock, type TryAcquireLockOptions, tryAcquireLock } from '../../src/index.js';
import { startActor } from '../support/actors.js';
import { need, whyNoLinks } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';

const [UV_ENOENT] = [...getSystemErrorMap()].find(([, [name]]) => name === 'ENOENT')!;
const lockPath = () => join(freshDirectory(), 'a.lock');

/** Acquires a lock that is released when the test ends. */
function acquire(path: string, options?: TryAcquireLockOptions): FileLock {
  const lock = tryAcquireLock(path, options);
  if (lock === null) throw new Error(`'${path}' is held`);
  onTestFinished(() => lock.release());
  return lock;
}

describe('a lock', () => {
  test('excludes a second holder in the same process until it is released', () => {
    const path = lockPath();
    const first = acquire(path);
    expect(tryAcquireLock(path)).toBeNull();
    first.release();
    expect(acquire(path).held).toBe(true);
  });

  test('excludes a second holder that uses a link to the directory of the file', (ctx) => {
    need(ctx, whyNoLinks);
    const path = lockPath();
    symlinkSync(dirname(path), `${path}.alias`);
    acquire(path);
    expect(tryAcquireLock(join(`${path}.alias`, basename(path)))).toBeNull();
  });

  test('excludes a second holder that spells the path of the file in another way', () => {
    const path = lockPath();
    acquire(path);
    expect(tryAcquireLock(join(dirname(path), '.', '..', basename(dirname(path)), basename(path)))).toBeNull();
  });

  test('a lock has the properties path, mode and strength', () => {
    const path = lockPath();
    const lock = acquire(path);
    expect(lock).toMatchObject({ path, mode: 'exclusive', held: true, strength: 'local', reclaimed: null });
    expect(lock.verify()).toBe(true);
  });

  test('a lock leaves its file empty on release, and a second release does nothing', () => {
    const path = lockPath();
    const lock = acquire(path);
    const { ino } = statSync(path, { bigint: true });
    lock.release();
    lock.release();
    expect(lock).toMatchObject({ held: false });
    expect(lock.verify()).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe('');
    expect([acquire(path).reclaimed, statSync(path, { bigint: true }).ino]).toEqual([null, ino]);
  });

  test('removes its file on release with keepFile: false', () => {
    const path = lockPath();
    acquire(path, { keepFile: false }).release();
    expect(existsSync(path)).toBe(false);
  });

  test('a lock does not affect the next holder when it is released a second time', () => {
    const path = lockPath();
    const first = acquire(path);
    first.release();
    const second = acquire(path);
    first.release();
    expect(second.verify()).toBe(true);
    expect(tryAcquireLock(path)).toBeNull();
  });

  test('a lock is released at the end of a `using` block, also if the block throws', () => {
    const path = lockPath();
    const failing = () => {
      using lock = acquire(path);
      throw new Error(`held: ${lock.held}`);
    };
    expect(failing).toThrow('held: true');
    expect(probeLock(path).state).toBe('free');
  });

  test('a lock stays held when another descriptor of its file is closed, unlike a lock of fcntl()', async () => {
    const path = lockPath();
    const other = await startActor();
    acquire(path);
    closeSync(openSync(path, 'r+'));
    readFileSync(path);
    expect(await other.call('tryAcquire', path)).toBeNull();
  });

  test('a lock can have a file name with blanks, quotes and non-Latin scripts', () => {
    const name = `it's a "lock" – 鎖 🔒`;
    // NTFS does not allow " in names.
    const path = join(freshDirectory(), sep === '/' ? name : name.replaceAll('"', ''));
    acquire(path);
    expect(probeLock(path)).toMatchObject({ state: 'held', heldBy: 'exclusive' });
  });

  test('a lock cannot be acquired in a directory that does not exist, and the attempt throws the error of the system', () => {
    const path = join(freshDirectory(), 'missing', 'a.lock');
    expect(() => tryAcquireLock(path)).toThrow(
      expect.objectContaining({ code: 'ENOENT', syscall: 'open', path, errno: UV_ENOENT }) as Error,
    );
  });
});

describe('a shared lock', () => {
  test('a shared lock can have many holders at once, and excludes an exclusive lock', () => {
    const path = lockPath();
    const [one, two] = [acquire(path, { mode: 'shared' }), acquire(path, { mode: 'shared' })];
    expect([one.mode, two.mode]).toEqual(['shared', 'shared']);
    expect(tryAcquireLock(path, { mode: 'exclusive' })).toBeNull();
    expect(probeLock(path)).toMatchObject({ state: 'held', heldBy: 'shared', owner: null });
  });

  test('a shared lock is refused beside an exclusive lock', () => {
    const path = lockPath();
    acquire(path, { mode: 'exclusive' });
    expect(tryAcquireLock(path, { mode: 'shared' })).toBeNull();
  });

  test('writes no record', () => {
    const path = lockPath();
    const lock = acquire(path, { mode: 'shared', owner: { role: 'reader' } });
    expect(lock.owner).toBeNull();
    lock.updateOwner({ port: 1 });
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  test('removes its file with keepFile: false when the last holder releases, in any order', () => {
    const path = lockPath();
    const locks = [1, 2, 3].map(() => acquire(path, { mode: 'shared', keepFile: false }));
    for (const lock of [locks[1]!, locks[0]!]) {
      lock.release();
      expect(locks[2]!.verify()).toBe(true);
      expect(tryAcquireLock(path)).toBeNull();
    }
    locks[2]!.release();
    expect(existsSync(path)).toBe(false);
  });

  test('a shared lock keeps its file while another process holds the shared lock', async () => {
    const path = lockPath();
    const reader = await startActor();
    const shared = { mode: 'shared', keepFile: false } as const;
    await reader.call('tryAcquire', path, shared);
    acquire(path, shared).release();
    expect(await reader.call('verify', path)).toBe(true);
    expect(tryAcquireLock(path)).toBeNull();
    await reader.call('release', path);
    expect(existsSync(path)).toBe(false);
  });
});

describe('the owner record', () => {
  test('the owner record is one line of JSON in the lock file, with the fields of the caller', () => {
    const path = lockPath();
    const lock = acquire(path, { owner: { role: 'gateway', text: 'two\nlines' } });
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe('');
    const { port, ...written } = lock.owner!;
    expect(port).toBeNull();
    expect(JSON.parse(lines[0]!)).toEqual({ ...written, note: expect.any(String) });
    expect(lock.owner).toMatchObject({ pid: process.pid, kernelLock: true, role: 'gateway', text: 'two\nlines' });
  });

  test('the owner record is reported by a probe while the lock is held', () => {
    const path = lockPath();
    const lock = acquire(path, { owner: { role: 'gateway' } });
    expect(probeLock(path)).toEqual({ state: 'held', heldBy: 'exclusive', owner: lock.owner, ownerAlive: true });
  });

  test('the owner record does not change the result of an attempt while its lock is held, whatever its fields are', () => {
    const path = lockPath();
    acquire(path, { owner: { kind: 'transient', openFailure: 'transient', denial: 'transient', error: 1 } });
    expect(tryAcquireLock(path)).toBeNull();
  });

  test('the owner record is refused if it is too long, and then no lock is acquired and no file is created', () => {
    const path = lockPath();
    expect(() => tryAcquireLock(path, { owner: { text: 'x'.repeat(4096) } })).toThrow(
      expect.objectContaining({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }) as Error,
    );
    expect(existsSync(path)).toBe(false);
  });

  test('the owner record is refused if it cannot be encoded as JSON, and then no lock is acquired and no file is created', () => {
    const path = lockPath();
    expect(() => tryAcquireLock(path, { owner: { big: 1n } })).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_VALUE',
        cause: expect.any(TypeError),
      }) as Error,
    );
    expect(existsSync(path)).toBe(false);
  });

  test('the owner record can get additional fields, also in the file, and still names this holder', () => {
    const path = lockPath();
    const lock = acquire(path, { owner: { role: 'gateway' } });
    const before = lock.owner;
    lock.updateOwner({ port: 18789, pid: 1, ownerId: 'mine', kernelLock: false });
    expect(lock.owner).toEqual({ ...before, port: 18789 });
    expect(probeLock(path).owner).toEqual(lock.owner);
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(2);
  });

  test('the owner record stays unchanged if an added field would make it too long', () => {
    const path = lockPath();
    const lock = acquire(path);
    const [before, text] = [lock.owner, readFileSync(path, 'utf8')];
    expect(() => lock.updateOwner({ text: 'x'.repeat(4096) })).toThrow(RangeError);
    expect(lock.owner).toEqual(before);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('replaces a longer, older record completely', () => {
    const path = lockPath();
    writeFileSync(path, `{"pid":2147483646,"kernelLock":true,"text":"${'x'.repeat(2000)}"}\n`);
    const lock = acquire(path);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ ownerId: lock.owner!.ownerId });
    lock.updateOwner({ text: 'x'.repeat(1000) });
    lock.updateOwner({ text: '' });
    const { port: _, ...written } = lock.owner!;
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ ...written, note: expect.any(String) });
  });
});

describe('probeLock()', () => {
  test('creates nothing if the file or its directory is missing', () => {
    const path = lockPath();
    const missing = { state: 'missing', heldBy: null, owner: null, ownerAlive: null };
    expect(probeLock(path)).toEqual(missing);
    expect(probeLock(join(path, '..', 'missing', 'a.lock'))).toEqual(missing);
    expect(existsSync(path)).toBe(false);
  });

  test("returns 'free' for a file without an owner, and does not keep the lock", () => {
    const path = lockPath();
    writeFileSync(path, '');
    expect(probeLock(path)).toEqual({ state: 'free', heldBy: null, owner: null, ownerAlive: null });
    expect(acquire(path).reclaimed).toBeNull();
  });
});

test('a relative path is resolved when the lock is acquired', () => {
  const [home, elsewhere, before] = [freshDirectory(), freshDirectory(), process.cwd()];
  onTestFinished(() => process.chdir(before));
  mkdirSync(join(home, 'locks'));
  process.chdir(home);
  const lock = acquire('locks/a.lock');
  process.chdir(elsewhere);
  expect(lock.verify()).toBe(true);
  expect(lock.path).toBe(join(home, 'locks', 'a.lock'));
  expect(existsSync(lock.path)).toBe(true);
});
