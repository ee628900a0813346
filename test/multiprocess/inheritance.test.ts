import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { acquireLock, probeLock, tryAcquireLock } from '../../src/index.js';
import { startActor } from '../support/actors.js';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { until } from '../support/until.js';

beforeEach((ctx) => need(ctx, whyNoInheritance));

const lockPath = () => join(freshDirectory(), 'a.lock');

/** Returns true if the process exists. A zombie also exists. */
function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function endAfterTest(pid: number): void {
  onTestFinished(() => void (exists(pid) && process.kill(pid, 'SIGKILL')));
}

describe('a child process of the holder that inherits no descriptor', () => {
  test('a child process of the holder that inherits no descriptor does not keep the lock when the holder is killed with SIGKILL', async () => {
    const path = lockPath();
    const [holder, other] = await Promise.all([startActor(), startActor()]);
    await holder.call('tryAcquire', path);
    const child = await holder.call<number>('spawnChild');
    endAfterTest(child);
    await holder.kill('SIGKILL');
    expect(await other.call('tryAcquire', path)).toMatchObject({ reclaimed: 'owner-gone' });
    expect(exists(child)).toBe(true);
  });

  test('a child process of the holder that inherits no descriptor does not release the lock of the holder when the child ends', async () => {
    const path = lockPath();
    const holder = await startActor();
    await holder.call('tryAcquire', path);
    const child = await holder.call<number>('spawnChild');
    process.kill(child, 'SIGKILL');
    await until(() => !exists(child), 'the holder reaps the child');
    expect(await holder.call('verify', path)).toBe(true);
    expect(tryAcquireLock(path)).toBeNull();
  });
});

describe('a suspended holder (SIGSTOP)', () => {
  test('a suspended holder (SIGSTOP) keeps the lock, also after SIGCONT', async () => {
    const path = lockPath();
    const holder = await startActor();
    await holder.call('tryAcquire', path);
    process.kill(holder.pid, 'SIGSTOP');
    expect(tryAcquireLock(path)).toBeNull();
    await expect(acquireLock(path, { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'ERR_LOCK_TIMEOUT',
      owner: { pid: holder.pid },
      ownerAlive: true,
    });
    process.kill(holder.pid, 'SIGCONT');
    expect(await holder.call('verify', path)).toBe(true);
    expect(tryAcquireLock(path)).toBeNull();
  });
});

describe('a killed holder that its parent has not reaped (a zombie)', () => {
  test('a killed holder that its parent has not reaped (a zombie) no longer holds the lock, and the owner in its record counts as dead', async () => {
    const path = lockPath();
    const parent = await startActor();
    const holder = await parent.call<number>('spawnHolder', path);
    endAfterTest(holder);
    expect(probeLock(path)).toMatchObject({ state: 'held', owner: { pid: holder }, ownerAlive: true });
    process.kill(parent.pid, 'SIGSTOP');
    process.kill(holder, 'SIGKILL');
    await until(() => probeLock(path).ownerAlive === false, 'the holder is dead');
    expect(exists(holder)).toBe(true);
    expect(probeLock(path)).toMatchObject({ state: 'leftover', owner: { pid: holder } });
    const lock = tryAcquireLock(path);
    expect(lock).toMatchObject({ reclaimed: 'owner-gone' });
    lock?.release();
  });
});
