// Files that are not lock files stay unchanged at a path that the caller named. They are reclaimed
// in the lock directory, whose paths the package chose.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { acquireGatewayLock, acquireLock, LockError, probeLock, tryAcquireLock } from '../../src/index.js';
import { freshDirectory } from '../support/directories.js';
import { FOREIGN_CONTENTS } from '../support/foreign-contents.js';
import { deadPid, ourRecord, setAge } from '../support/hand-written-records.js';
import { hold } from '../support/holding.js';
import { lockDirectory } from '../support/lock-directory.js';
import { snapshotOf } from '../support/snapshot.js';

const MODES = ['exclusive', 'shared'] as const;
const lockPath = () => join(freshDirectory(), 'a.lock');

function fileWith(content: string | Buffer): string {
  const path = lockPath();
  writeFileSync(path, content);
  return path;
}

function errorOf(call: () => unknown): unknown {
  try {
    call();
    return null;
  } catch (error) {
    return error;
  }
}

describe('a file that is not a lock file, at a path that the caller named', () => {
  test.for(FOREIGN_CONTENTS)(
    'a file that is not a lock file, at a path that the caller named, is neither changed nor removed if it contains %s',
    async ([, content]) => {
      const path = fileWith(content());
      setAge(path, 24 * 3_600_000);
      const before = snapshotOf(path);
      const errors = [
        ...MODES.map((mode) => errorOf(() => tryAcquireLock(path, { mode }))),
        ...MODES.map((mode) => errorOf(() => tryAcquireLock(path, { mode, keepFile: false }))),
        errorOf(() => probeLock(path)),
        await acquireLock(path, { timeoutMs: 0 }).catch((error: unknown) => error),
        await acquireGatewayLock({ lockFile: path, bind: false, timeoutMs: 0 }).catch(({ cause }) => cause),
      ];
      for (const error of errors) {
        expect(error).toBeInstanceOf(LockError);
        expect(error).toMatchObject({ code: 'ERR_LOCK_INVALID_FILE', path });
        expect((error as Error).message).toContain('is not a lock file');
      }
      expect(snapshotOf(path)).toEqual(before);
    },
  );
});

describe('a lock with record: false', () => {
  test.for(FOREIGN_CONTENTS)('locks a file that contains %s, and does not change the file', ([, content]) => {
    const path = fileWith(content());
    const before = snapshotOf(path);
    for (const mode of MODES) {
      const lock = hold(path, { mode, record: false });
      expect(lock).toMatchObject({ owner: null, reclaimed: null });
      expect(probeLock(path, { record: false })).toMatchObject({ state: 'held', heldBy: mode });
      lock.release();
      expect(snapshotOf(path)).toEqual(before);
    }
    expect(probeLock(path, { record: false }).state).toBe('free');
  });

  test('a lock with record: false does not create a file that does not exist', () => {
    const path = lockPath();
    expect(() => tryAcquireLock(path, { record: false })).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    expect(existsSync(path)).toBe(false);
  });
});

describe('a file without content', () => {
  test.for([0, 1, 325, 4096])('a file that contains %i NULs is a free lock file', (length) => {
    for (const mode of MODES) {
      const path = fileWith(Buffer.alloc(length));
      expect(probeLock(path)).toEqual({ state: 'free', heldBy: null, owner: null, ownerAlive: null });
      expect(hold(path, { mode }).reclaimed).toBeNull();
    }
  });
});

describe('a file with a record of this package', () => {
  const record = ourRecord({ pid: deadPid() });
  // Without the last two characters, the brace and the newline, the record is not JSON. Without the
  // newline alone the record is complete.
  const lengths = Array.from({ length: record.length - 2 }, (_, index) => index + 1);

  test.each([0, 100])(
    'a file with a record of this package is a lock file with the verdict stale if the record is truncated at any byte after %i NULs',
    (before) => {
      const path = lockPath();
      for (const length of lengths) {
        writeFileSync(path, Buffer.concat([Buffer.alloc(before), Buffer.from(record.slice(0, length))]));
        expect(probeLock(path).state, record.slice(0, length)).toBe('free');
        const lock = tryAcquireLock(path);
        expect(lock?.reclaimed, record.slice(0, length)).toBe('stale');
        lock?.release();
      }
    },
  );

  test('a file with a record of this package is a lock file if the record is truncated and NULs fill the rest of its intended size', () => {
    const path = fileWith(Buffer.concat([Buffer.from(record.slice(0, 100)), Buffer.alloc(record.length - 100)]));
    expect(hold(path).reclaimed).toBe('stale');
  });

  test.each([
    ['a complete record', record],
    ['a record without its newline', record.slice(0, -1)],
    ['NULs before a record', `${'\0'.repeat(100)}${record}`],
    ['a record before the rest of a longer record', `${record}Z","ownerId":"x","kernelLock":true}\n`],
  ])('a file with a record of this package is reclaimed from a dead owner if it contains %s', (_what, content) => {
    const path = fileWith(content);
    expect(probeLock(path)).toMatchObject({ state: 'leftover', ownerAlive: false });
    // Shared mode first, because it leaves the record in the file.
    for (const mode of ['shared', 'exclusive'] as const) {
      const lock = hold(path, { mode });
      expect(lock.reclaimed).toBe('owner-gone');
      lock.release();
    }
  });

  test('a file with a record of this package is not a lock file if the record is longer than 4096 bytes', () => {
    const path = fileWith(`${record}${'x'.repeat(4097 - record.length)}`);
    expect(errorOf(() => tryAcquireLock(path))).toMatchObject({ code: 'ERR_LOCK_INVALID_FILE' });
  });
});

describe("a damaged file in the gateway's lock directory", () => {
  test.for(FOREIGN_CONTENTS)(
    "a damaged file in the gateway's lock directory is reclaimed, and removed on release, if it contains %s",
    async ([, content]) => {
      const stateDir = freshDirectory();
      const path = join(lockDirectory(stateDir), 'gateway.state.lock');
      writeFileSync(path, content());
      const lock = await acquireGatewayLock({ stateDir, bind: false, timeoutMs: 20_000, env: {} });
      onTestFinished(() => lock.close());
      expect(lock.reclaimed).toBe('stale');
      expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
      await lock.close();
      expect(existsSync(path)).toBe(false);
    },
  );
});
