import { existsSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { probeLock, tryAcquireLock } from '../../src/index.js';
import { startActor } from '../support/actors.js';
import { need, whyNoMount } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { startFaultyActor, whyNoFaults } from '../support/faulty-actor.js';
import { mountOverlay, mountTmpfs, whyNoOverlay } from '../support/mounts.js';

const noFaults = whyNoFaults();
const TMPFS_MAGIC = 0x01021994;
const OVERLAYFS_MAGIC = 0x794c7630;

const LEFTOVER = '{"pid":2147483646,"kernelLock":true}\n';

/** Lets two processes acquire, compete for, release and reclaim a lock. */
async function expectExclusion(directory: string): Promise<void> {
  const path = join(directory, 'a.lock');
  const other = await startActor();
  const lock = tryAcquireLock(path)!;
  expect(lock).toMatchObject({ strength: 'local', reclaimed: null });
  expect(await other.call('tryAcquire', path)).toBeNull();
  expect(await other.call('probe', path)).toMatchObject({ state: 'held', owner: { pid: process.pid } });
  expect(lock.verify()).toBe(true);
  lock.release();
  expect(readFileSync(path, 'utf8')).toBe('');
  expect(await other.call('tryAcquire', path)).toMatchObject({ strength: 'local' });
  expect(tryAcquireLock(path)).toBeNull();
  await other.kill('SIGKILL');
  const next = tryAcquireLock(path)!;
  expect(next.reclaimed).toBe('owner-gone');
  next.release();
}

describe('exclusion between two processes', () => {
  test(`a lock excludes another process on the file system of ${tmpdir()}`, async () => {
    await expectExclusion(freshDirectory());
  });

  test('a lock excludes another process on tmpfs', async (ctx) => {
    need(ctx, whyNoMount());
    const directory = mountTmpfs();
    expect(statfsSync(directory).type).toBe(TMPFS_MAGIC);
    await expectExclusion(directory);
  });

  test('a lock excludes another process on overlayfs', async (ctx) => {
    need(ctx, whyNoOverlay());
    const { merged } = mountOverlay();
    expect(statfsSync(merged).type).toBe(OVERLAYFS_MAGIC);
    await expectExclusion(merged);
  });
});

describe('a lock file in the lower layer of an overlayfs, as in a container image', () => {
  test('excludes, and a release with keepFile: false removes the file without a change to the lower layer', async (ctx) => {
    need(ctx, whyNoOverlay());
    const { lower, merged } = mountOverlay();
    writeFileSync(join(lower, 'a.lock'), LEFTOVER);
    const path = join(merged, 'a.lock');
    const other = await startActor();
    expect(probeLock(path).state).toBe('leftover');
    const lock = tryAcquireLock(path, { keepFile: false })!;
    expect(lock).toMatchObject({ reclaimed: 'owner-gone', strength: 'local' });
    expect([lock.verify(), await other.call('tryAcquire', path)]).toEqual([true, null]);
    lock.release();
    expect(existsSync(path)).toBe(false);
    expect(readFileSync(join(lower, 'a.lock'), 'utf8')).toBe(LEFTOVER);
    expect(await other.call('tryAcquire', path)).toMatchObject({ reclaimed: null });
  });
});

describe('a file system on which flock() does not exclude', () => {
  const fault = 'flock grants all';

  test('a file system on which flock() does not exclude is refused by default with an error that names the remedy', async (ctx) => {
    const path = faultyPath(ctx);
    const actor = await startFaultyActor(fault, path);
    for (const mode of ['exclusive', 'shared']) {
      await expect(actor.call('tryAcquire', path, { mode })).rejects.toMatchObject({
        name: 'LockError',
        code: 'ERR_LOCK_WEAK_FILESYSTEM',
        message: expect.stringMatching(/grants the lock to two holders at once.*local file system.*weakFileSystem/),
        path,
      });
    }
  });

  test("a file system on which flock() does not exclude is accepted with weakFileSystem 'warn': the lock has strength 'weak', and the process emits a warning", async (ctx) => {
    const path = faultyPath(ctx);
    const actor = await startFaultyActor(fault, path);
    expect(await actor.call('tryAcquire', path, { weakFileSystem: 'warn' })).toMatchObject({ strength: 'weak' });
    await actor.call('verify', path);
    expect(actor.output).toMatch(/\[ERR_LOCK_WEAK_FILESYSTEM\] LockWarning: .*nothing is protected/);
    expect(actor.output).toContain(path);
  });

  test("a file system on which flock() does not exclude is accepted without a warning with weakFileSystem 'allow'", async (ctx) => {
    const path = faultyPath(ctx);
    const actor = await startFaultyActor(fault, path);
    expect(await actor.call('tryAcquire', path, { weakFileSystem: 'allow' })).toMatchObject({ strength: 'weak' });
    expect(await actor.call('verify', path)).toBe(true);
    expect(actor.output).toBe('');
  });
});

describe('a file system without flock()', () => {
  test.for(['ENOLCK', 'ENOTSUP', 'ENOSYS'])(
    'a file system without flock() is refused if flock() fails with %s, even with weakFileSystem: allow',
    async (code, ctx) => {
      need(ctx, noFaults);
      await expectUnsupported(code, 'error');
      await expectUnsupported(code, 'allow');
    },
  );

  async function expectUnsupported(code: string, weakFileSystem: string): Promise<void> {
    const path = join(freshDirectory(), 'a.lock');
    const actor = await startFaultyActor(`flock ${code}`, path);
    await expect(actor.call('tryAcquire', path, { weakFileSystem })).rejects.toMatchObject({
      code: 'ERR_LOCK_UNSUPPORTED',
      message: expect.stringMatching(new RegExp(`has no file locks \\(${code}: .*local file system`)),
      path,
    });
  }
});

test('a lock on a file system that other hosts share has strength remote', async (ctx) => {
  const path = faultyPath(ctx);
  const actor = await startFaultyActor('fstatfs says NFS', path);
  expect(await actor.call('tryAcquire', path)).toMatchObject({ strength: 'remote' });
  expect(tryAcquireLock(path)).toBeNull();
});

describe('interrupted and failing system calls', () => {
  const interruptions = ['flock EINTR once', 'pwrite EINTR once', 'pwrite ten bytes'];
  test.for(interruptions)('a system call that a signal interrupts is repeated: %s', async (fault, ctx) => {
    const path = faultyPath(ctx);
    const actor = await startFaultyActor(fault, path);
    expect(await actor.call('tryAcquire', path)).toMatchObject({ strength: 'local' });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: actor.pid });
    expect(tryAcquireLock(path)).toBeNull();
  });

  test('tryAcquireLock() throws the error of the system if flock() fails for another reason', async (ctx) => {
    const path = faultyPath(ctx);
    const actor = await startFaultyActor('flock EIO', path);
    await expect(actor.call('tryAcquire', path)).rejects.toMatchObject({ code: 'EIO', path });
  });
});

describe('a full disk', () => {
  test.for(['pwrite ENOSPC', 'pwrite ENOSPC after half', 'pwrite nothing'])(
    'a full disk (%s) makes an acquire fail and leaves no lock and no record, and with keepFile: false no file',
    async (fault, ctx) => {
      const path = faultyPath(ctx);
      const actor = await startFaultyActor(fault, path);
      for (const [keepFile, state] of [
        [false, 'missing'],
        [true, 'free'],
      ] as const) {
        await expect(actor.call('tryAcquire', path, { keepFile })).rejects.toMatchObject({
          code: 'ENOSPC',
          message: expect.stringContaining('no space left on device'),
        });
        expect(probeLock(path)).toMatchObject({ state, owner: null });
      }
    },
  );
});

function faultyPath(ctx: TestContext): string {
  need(ctx, noFaults);
  return join(freshDirectory(), 'a.lock');
}
