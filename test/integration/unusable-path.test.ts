// Errors and hints for a lock path that cannot be used.
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { acquireGatewayLock, GatewayLockError, tryAcquireLock } from '../../src/index.js';
import type { Actor } from '../support/actors.js';
import { need, whyNoMount } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { mountFixedModes, mountTmpfs, whyNoFixedModes } from '../support/mounts.js';
import { STRANGER, startUnprivilegedActor, whyNoStranger } from '../support/unprivileged-actor.js';

/**
 * An environment without LD_PRELOAD, because a preloaded sanitizer runtime makes system tools fail.
 */
const WITHOUT_SANITIZER = { ...process.env, LD_PRELOAD: '' };

async function failureOf(options: object): Promise<GatewayLockError> {
  const error = await acquireGatewayLock({ port: 0, env: {}, ...options }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(GatewayLockError);
  expect(error).toMatchObject({ code: 'ERR_GATEWAY_LOCK_FAILED' });
  return error as GatewayLockError;
}

describe('the hint for a named lock file', () => {
  test('the hint for a named lock file contains the command that creates the directory if the directory is missing', async () => {
    const directory = join(freshDirectory(), 'a', "it's");
    const { hint } = await failureOf({ lockFile: join(directory, 'x.lock') });
    const path =
      process.platform === 'win32' ? `mkdir "${directory}"` : `mkdir -p '${directory.replace("'", "'\\''")}'`;
    expect(hint).toBe(`The directory does not exist. Create it: ${path}`);
    execFileSync(path, { shell: true, env: WITHOUT_SANITIZER });
    const lock = await acquireGatewayLock({ lockFile: join(directory, 'x.lock'), port: 0, env: {} });
    await lock.close();
  });

  test('the hint for a named lock file names the file that is not a directory if the path leads through a file', async (ctx) => {
    if (process.platform === 'win32') return ctx.skip('Windows reports ENOENT for a path below a file');
    const file = join(freshDirectory(), 'file');
    writeFileSync(file, '');
    const { hint } = await failureOf({ lockFile: join(file, 'a', 'x.lock') });
    expect(hint).toContain(`'${file}' is not a directory`);
  });
});

test('the hint for a read-only file system suggests to set stateDir or HOME', async (ctx) => {
  need(ctx, whyNoMount());
  const directory = mountTmpfs();
  execFileSync('mount', ['-o', 'remount,ro', directory]);
  const { hint } = await failureOf({ stateDir: join(directory, 'state') });
  expect(hint).toBe(
    'The file system is read-only. Set stateDir (on the command line --state-dir) or HOME to a directory of this user.',
  );
});

describe('the error for a user without access permissions', () => {
  test('suggests to set stateDir or HOME, and no chown command, if HOME is /', async (ctx) => {
    need(ctx, whyNoStranger());
    const user = await startUnprivilegedActor({ env: { ...process.env, HOME: '/' } });
    const error = await refusalOf(user, {});
    expect(error.hint).toMatch(/^Set stateDir .* or HOME to a directory of this user\.$/);
    expect(error.message).toContain("ls -lad '/'");
    expect(error.message).not.toContain('chown');
  });

  test.for(['the state directory', 'the lock directory', 'the lock file'])(
    'the error for a user without access permissions contains the chown command if an earlier start with sudo left %s owned by root',
    async (what, ctx) => {
      need(ctx, whyNoStranger());
      const home = freshDirectory();
      chownSync(home, STRANGER.uid, STRANGER.gid);
      const user = await startUnprivilegedActor({ env: { ...process.env, HOME: home } });
      const left = leftBySudo(home, what);
      const error = await refusalOf(user, {});
      const name = execFileSync('id', ['-un', `${STRANGER.uid}`], { encoding: 'utf8' }).trim();
      expect(error.message).toContain(`'${left}' belongs to root, and this process runs as uid ${STRANGER.uid}.`);
      const [command] = /sudo (chown -R .*')\.$/.exec(error.message)?.slice(1) ?? [];
      expect(command).toBe(`chown -R ${name} '${left}'`);
      execFileSync(command!, { shell: true, env: WITHOUT_SANITIZER });
      await user.call('gateway', { port: 0, env: {} });
    },
  );
});

/** Creates a file or directory that belongs to root in the home directory of the user. */
function leftBySudo(home: string, what: string): string {
  const stateDir = join(home, '.gateway');
  const lockDir = join(stateDir, 'tmp', `gateway-${STRANGER.uid}`);
  const path =
    { 'the state directory': stateDir, 'the lock directory': lockDir }[what] ?? join(lockDir, 'gateway.state.lock');
  mkdirSync(lockDir, { recursive: true, mode: 0o700 });
  if (what === 'the lock file') writeFileSync(path, '{}', { mode: 0o600 });
  execFileSync('chown', ['-R', `${STRANGER.uid}`, stateDir]);
  execFileSync('chown', ['-R', '0', path]);
  return path;
}

async function refusalOf(user: Actor, options: object): Promise<GatewayLockError> {
  const error = await user.call('gateway', { port: 0, env: {}, ...options }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'ERR_GATEWAY_LOCK_FAILED' });
  return error as GatewayLockError;
}

test('the error for a mount with fixed modes suggests another file system', async (ctx) => {
  need(ctx, whyNoFixedModes());
  const directory = mountFixedModes();
  expect(() => tryAcquireLock(join(directory, 'a.lock'))).toThrow(
    /the file system does not support changing permissions\. Choose a path on another file system/,
  );
});
