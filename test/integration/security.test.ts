// Files that an attacker, a wrong option or a run with `sudo` may have left at the path of a lock.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { acquireLock, LockError, probeLock, tryAcquireLock } from '../../src/index.js';
import { type Missing, need, whyNoFifo, whyNoLinks, whyNoModes, whyNotRoot } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { snapshotOf } from '../support/snapshot.js';
import { STRANGER, startUnprivilegedActor, whyNoStranger } from '../support/unprivileged-actor.js';

const lockPath = () => join(freshDirectory(), 'a.lock');

function caught(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}

/**
 * Expects each way to acquire the lock to fail for the given reason and to leave all files
 * unchanged.
 */
async function expectInvalid(path: string, reason: string, ...others: string[]): Promise<void> {
  const before = [path, ...others].map(snapshotOf);
  const refusals = [
    caught(() => tryAcquireLock(path)),
    caught(() => tryAcquireLock(path, { mode: 'shared' })),
    await acquireLock(path, { timeoutMs: 20_000 }).catch((error: unknown) => error),
  ];
  for (const error of refusals) {
    expect(error).toBeInstanceOf(LockError);
    expect(error).toMatchObject({ code: 'ERR_LOCK_INVALID_FILE', path, cause: { code: 'ERR_LOCK_INVALID_FILE' } });
    expect((error as Error).message).toContain(`'${path}' ${reason}`);
  }
  expect([path, ...others].map(snapshotOf)).toEqual(before);
}

function expectProbeInvalid(path: string, reason: string): void {
  const before = snapshotOf(path);
  expect(caught(() => probeLock(path))).toMatchObject({
    code: 'ERR_LOCK_INVALID_FILE',
    message: expect.stringContaining(`'${path}' ${reason}`),
  });
  expect(snapshotOf(path)).toEqual(before);
}

describe('tryAcquireLock() and unsuitable files', () => {
  test('refuses a symbolic link to a file', async (ctx) => {
    need(ctx, whyNoLinks);
    const path = lockPath();
    const target = join(dirname(path), 'precious');
    writeFileSync(target, 'precious');
    symlinkSync(target, path);
    await expectInvalid(path, 'is a symbolic link', target);
    expectProbeInvalid(path, 'is a symbolic link');
  });

  test('refuses a dangling symbolic link without creating its target', async (ctx) => {
    need(ctx, whyNoLinks);
    const path = lockPath();
    symlinkSync(join(dirname(path), 'nowhere'), path);
    await expectInvalid(path, 'is a symbolic link', dirname(path));
    expect(existsSync(join(dirname(path), 'nowhere'))).toBe(false);
  });

  test('refuses a FIFO without blocking the caller', async (ctx) => {
    need(ctx, whyNoFifo());
    const path = lockPath();
    execFileSync('mkfifo', [path]);
    await expectInvalid(path, 'is a FIFO');
    expectProbeInvalid(path, 'is a FIFO');
  });

  test('refuses a directory', async () => {
    const path = lockPath();
    mkdirSync(path);
    writeFileSync(join(path, 'precious'), 'precious');
    await expectInvalid(path, 'is a directory', join(path, 'precious'));
    expectProbeInvalid(path, 'is a directory');
  });

  test('refuses a socket', async (ctx) => {
    const path = lockPath();
    need(ctx, await listenAt(path));
    await expectInvalid(path, 'is a socket');
    expectProbeInvalid(path, 'is a socket');
  });

  test('refuses a device', async (ctx) => {
    const path = lockPath();
    const missing = whyNoDevice(path);
    if (missing) ctx.skip(missing);
    await expectInvalid(path, 'is a device');
    expectProbeInvalid(path, 'is a device');
  });

  test('refuses a hard link to a file that is not a lock file', async () => {
    const path = lockPath();
    const target = join(dirname(path), 'precious');
    writeFileSync(target, 'precious');
    linkSync(target, path);
    const before = [path, target].map(snapshotOf);
    const refused = { code: 'ERR_LOCK_INVALID_FILE', path, message: expect.stringContaining('is not a lock file') };
    for (const act of [() => tryAcquireLock(path), () => probeLock(path)]) expect(caught(act)).toMatchObject(refused);
    expect([path, target].map(snapshotOf)).toEqual(before);
  });

  test("refuses another user's file that other users can write to", async (ctx) => {
    const missing = whyNotRoot();
    if (missing) ctx.skip(missing);
    for (const mode of [0o666, 0o660]) {
      const path = lockPath();
      writeFileSync(path, '{"pid":1,"kernelLock":false}');
      chmodSync(path, mode);
      chownSync(path, STRANGER.uid, STRANGER.gid);
      await expectInvalid(path, 'belongs to another user and is writable by others');
    }
  });

  test('refuses a file in a directory that every user can write to', async (ctx) => {
    need(ctx, whyNoModes);
    const path = lockPath();
    chmodSync(dirname(path), 0o777);
    writeFileSync(path, 'precious');
    await expectInvalid(path, 'lies in a directory that every user may write to', dirname(path));
  });
});

test('a lock is granted in a directory that every user can write to if it has the sticky bit, like /tmp', (ctx) => {
  need(ctx, whyNoModes);
  const path = lockPath();
  chmodSync(dirname(path), 0o1777);
  const lock = tryAcquireLock(path)!;
  expect(lock.verify()).toBe(true);
  lock.release();
});

test('a new lock file is private, whatever the umask is', (ctx) => {
  need(ctx, whyNoModes);
  const before = process.umask(0);
  onTestFinished(() => void process.umask(before));
  const lock = tryAcquireLock(lockPath())!;
  expect(statSync(lock.path).mode & 0o7777).toBe(0o600);
  lock.release();
});

describe('an unprivileged process', () => {
  test.for([0o600, 0o644])(
    'an unprivileged process cannot acquire the leftover lock file of another user (mode %o), and the error names that user',
    async (mode, ctx) => {
      const path = leftoverOfRoot(ctx, mode);
      const before = snapshotOf(path);
      const actor = await startUnprivilegedActor();
      await expect(actor.call('tryAcquire', path)).rejects.toMatchObject({
        name: 'LockError',
        code: 'ERR_LOCK_PERMISSION',
        message: expect.stringContaining(`'${path}' belongs to root, and this process runs as uid ${STRANGER.uid}`),
        path,
      });
      expect(snapshotOf(path)).toEqual(before);
    },
  );

  test('an unprivileged process cannot acquire a lock in a directory that it cannot write to', async (ctx) => {
    const path = leftoverOfRoot(ctx, 0o600);
    chownSync(dirname(path), 0, 0);
    chmodSync(dirname(path), 0o755);
    const actor = await startUnprivilegedActor();
    const other = join(dirname(path), 'b.lock');
    await expect(actor.call('tryAcquire', other)).rejects.toMatchObject({
      code: 'ERR_LOCK_PERMISSION',
      message: expect.stringContaining(other),
    });
    expect(existsSync(other)).toBe(false);
  });

  test('drops the lock on release and throws if it cannot remove the lock file', async (ctx) => {
    const path = leftoverOfRoot(ctx, 0o600);
    const own = join(dirname(path), 'own.lock');
    const actor = await startUnprivilegedActor();
    await actor.call('tryAcquire', own, { keepFile: false });
    chmodSync(dirname(path), 0o500);
    await expect(actor.call('release', own)).rejects.toMatchObject({ code: 'ERR_LOCK_PERMISSION', path: own });
    expect(await actor.call('verify', own)).toBe(false);
    expect(readFileSync(own, 'utf8')).toBe('');
    chmodSync(dirname(path), 0o700);
    expect(await actor.call('tryAcquire', own)).toMatchObject({ reclaimed: null });
  });
});

/** Creates the lock file of root that `sudo gateway` leaves in a directory of the user. */
function leftoverOfRoot(ctx: { skip(reason: string): never }, mode: number): string {
  const missing = whyNoStranger();
  if (missing) ctx.skip(missing);
  const path = lockPath();
  writeFileSync(path, '{"pid":2147483646,"kernelLock":true}\n');
  chmodSync(path, mode);
  chownSync(dirname(path), STRANGER.uid, STRANGER.gid);
  return path;
}

/** Creates a socket at the path. Returns null, or the reason why that is impossible. */
function listenAt(path: string): Promise<Missing> {
  const server = createServer();
  onTestFinished(() => void server.close());
  return new Promise((resolve) => {
    server.once('error', ({ message }) => resolve(`no sockets in the file system here: ${message}`));
    server.listen(path, () => resolve(null));
  });
}

/** Creates a device at the path. Returns null, or the reason why that is impossible. */
function whyNoDevice(path: string): string | null {
  if (whyNotRoot()) return 'needs root to create a device';
  try {
    execFileSync('mknod', [path, 'c', '1', '3'], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `cannot create a device in ${tmpdir()}: ${(error as Error).message.split('\n')[0]}`;
  }
}
