import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { probeLock, withLock } from '../../src/index.js';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';

const lockPath = () => join(freshDirectory(), 'a.lock');

describe('withLock()', () => {
  test('returns the result of the function, which runs while the lock is held', async () => {
    const path = lockPath();
    const state = await withLock(path, (lock) => [lock.held, probeLock(path).state]);
    expect(state).toEqual([true, 'held']);
    expect(probeLock(path).state).toBe('free');
  });

  test('passes its options to acquireLock()', async () => {
    const path = lockPath();
    await withLock(path, async () => {
      const waiting = withLock(path, { timeoutMs: 0 }, () => {});
      await expect(waiting).rejects.toMatchObject({ code: 'ERR_LOCK_TIMEOUT' });
    });
    await withLock(path, { keepFile: false }, () => {});
    expect(existsSync(path)).toBe(false);
  });

  test('runs the functions of one path one after another, in the order of the calls', async () => {
    const [path, order] = [lockPath(), [] as string[]];
    const job = (name: string) => async () => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`${name} ends`);
    };
    await Promise.all([withLock(path, job('a')), withLock(path, job('b'))]);
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  test.each([
    ['throws', () => Promise.reject(new Error('no'))],
    [
      'throws synchronously',
      () => {
        throw new Error('no');
      },
    ],
  ])('releases the lock if the function %s', async (_, run) => {
    const path = lockPath();
    await expect(withLock(path, run)).rejects.toThrow('no');
    expect(probeLock(path).state).toBe('free');
  });

  test('reports the error of the function, not that of the release', async (ctx) => {
    need(ctx, process.platform === 'win32' ? 'Windows does not remove the file of a held lock' : null);
    const path = lockPath();
    const run = withLock(path, { keepFile: false }, () => {
      rmSync(path);
      mkdirSync(path);
      throw new Error('no');
    });
    await expect(run).rejects.toThrow('no');
  });

  test('acquires nothing if the function is missing or an option is unknown', async () => {
    const path = lockPath();
    await expect(withLock(path, {} as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    const mistyped = withLock(path, { timeout: 1 } as never, () => {});
    await expect(mistyped).rejects.toThrow("unknown option 'timeout': did you mean 'timeoutMs'?");
    expect(existsSync(path)).toBe(false);
  });

  test('lets the function change the owner record', async () => {
    const path = lockPath();
    await withLock(path, (lock) => {
      lock.updateOwner({ task: 'report' });
      expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ task: 'report' });
    });
  });
});
