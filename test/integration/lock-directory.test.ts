// The lock directory of a gateway must be private, belong to this user, and not be a link.
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { acquireGatewayLock, type GatewayLockOptions } from '../../src/index.js';
import { need, whyNoLinks, whyNoModes, whyNotRoot } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { snapshotOf } from '../support/snapshot.js';
import { STRANGER, startUnprivilegedActor, whyNoStranger } from '../support/unprivileged-actor.js';

async function acquire(options: GatewayLockOptions) {
  const lock = await acquireGatewayLock({ env: {}, bind: false, timeoutMs: 0, ...options });
  onTestFinished(() => lock.close());
  return lock;
}

const modeOf = (path: string) => statSync(path).mode & 0o7777;

/**
 * Returns the path of the lock directory of a state directory. The lock directory does not exist
 * yet.
 */
async function lockDirectoryOf(stateDir: string): Promise<string> {
  const lock = await acquireGatewayLock({ env: {}, bind: false, stateDir });
  await lock.close();
  return dirname(lock.lockPaths[0]!);
}

async function expectRefused(options: GatewayLockOptions, directory: string, cause: object): Promise<void> {
  const before = snapshotOf(directory);
  await expect(acquire({ stateDir: freshDirectory(), lockDir: directory, ...options })).rejects.toMatchObject({
    name: 'GatewayLockError',
    code: 'ERR_GATEWAY_LOCK_FAILED',
    lockPath: directory,
    message: expect.stringContaining(`failed to acquire gateway lock at ${directory}: '${directory}' `),
    cause,
  });
  expect(snapshotOf(directory)).toEqual(before);
}

const invalid = (text: string) => ({ code: 'ERR_LOCK_INVALID_FILE', message: expect.stringContaining(text) });

describe('the lock directory', () => {
  test('the lock directory is created with its parents, private and owned by this user, whatever the umask is', async (ctx) => {
    need(ctx, whyNoModes);
    const umask = process.umask(0);
    onTestFinished(() => void process.umask(umask));
    const stateDir = join(freshDirectory(), 'not', 'there', 'yet');
    const { lockPaths } = await acquire({ stateDir });
    for (let directory = dirname(lockPaths[0]!); directory.startsWith(stateDir); directory = dirname(directory)) {
      expect([directory, modeOf(directory), statSync(directory).uid]).toEqual([directory, 0o700, process.getuid!()]);
    }
  });

  test('the lock directory is made private if other users may write to it and it has the default name; other directories keep their mode', async (ctx) => {
    need(ctx, whyNoModes);
    const stateDir = freshDirectory();
    const directory = await lockDirectoryOf(stateDir);
    for (const [before, after] of [
      [0o755, 0o755],
      [0o775, 0o755],
    ] as const) {
      chmodSync(directory, before);
      await (await acquire({ stateDir })).close();
      expect(modeOf(directory)).toBe(after);
    }
  });

  test('the lock directory keeps its mode if the caller chose the directory', async (ctx) => {
    need(ctx, whyNoModes);
    const lockDir = freshDirectory();
    chmodSync(lockDir, 0o755);
    await acquire({ stateDir: freshDirectory(), lockDir });
    expect(modeOf(lockDir)).toBe(0o755);
    expect(readdirSync(lockDir)).toHaveLength(2);
  });
});

describe('an unsuitable lock directory', () => {
  test('an unsuitable lock directory is refused and left unchanged if its path is a file', async () => {
    const lockDir = join(freshDirectory(), 'locks');
    writeFileSync(lockDir, 'precious');
    await expectRefused({}, lockDir, invalid('is not a directory'));
  });

  test('an unsuitable lock directory is refused and left unchanged if every user may write to it, with or without the sticky bit', async (ctx) => {
    need(ctx, whyNoModes);
    for (const mode of [0o777, 0o1777]) {
      const lockDir = freshDirectory();
      chmodSync(lockDir, mode);
      await expectRefused({}, lockDir, invalid('is a directory that every user may write to'));
    }
  });

  test('an unsuitable lock directory is refused and left unchanged if its group may write to it', async (ctx) => {
    need(ctx, whyNoModes);
    const lockDir = freshDirectory();
    chmodSync(lockDir, 0o770);
    await expectRefused({}, lockDir, invalid('is a directory that its group may write to'));
  });

  test('an unsuitable lock directory is refused and left unchanged if it belongs to another user, even for root', async (ctx) => {
    const missing = whyNotRoot();
    if (missing) ctx.skip(missing);
    const lockDir = freshDirectory();
    chownSync(lockDir, STRANGER.uid, STRANGER.gid);
    await expectRefused({}, lockDir, { code: 'ERR_LOCK_PERMISSION' });
  });

  test('an unsuitable lock directory is refused and left unchanged if it is a link in place of the default directory', async (ctx) => {
    need(ctx, whyNoLinks);
    const stateDir = freshDirectory();
    const [target, state] = [freshDirectory(), join(stateDir, 'state')];
    const own = await lockDirectoryOf(join(stateDir, 'other'));
    const planted = own.replace(join(stateDir, 'other'), state);
    mkdirSync(dirname(planted), { recursive: true });
    symlinkSync(target, planted);
    await expect(acquire({ stateDir: state })).rejects.toMatchObject({
      code: 'ERR_GATEWAY_LOCK_FAILED',
      lockPath: planted,
      cause: invalid('is a symbolic link'),
    });
    expect(readdirSync(target)).toEqual([]);
  });

  test('an unsuitable lock directory is refused and left unchanged if it belongs to root and the process is unprivileged', async (ctx) => {
    const missing = whyNoStranger();
    if (missing) ctx.skip(missing);
    const stateDir = freshDirectory();
    chmodSync(stateDir, 0o755);
    const actor = await startUnprivilegedActor();
    const refused = actor.call('gateway', { stateDir, bind: false, env: {}, timeoutMs: 0 });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_GATEWAY_LOCK_FAILED', exitCode: 1 });
    expect(readdirSync(stateDir)).toEqual([]);
  });
});
