// Starts under a umask that also removes permissions of the owner. The gateway runs as an
// unprivileged user, because root ignores file modes.
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Actor } from '../support/actors.js';
import { need, whyNoShell } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { STRANGER, startUnprivilegedActor, whyNoStranger } from '../support/unprivileged-actor.js';
import { mountFuse, whyNoFuse } from '../support/views.js';

const UMASKS = ['0177', '0277', '0777'];
const OWNERS_RIGHTS = 0o700;

beforeEach((ctx) => need(ctx, whyNoShell ?? whyNoStranger()));

function startWithUmask(umask: string): Promise<Actor> {
  const execArgv = ['-c', `umask ${umask}; exec "$@"`, 'sh', process.execPath];
  return startUnprivilegedActor({ execPath: '/bin/sh', execArgv });
}

function strangersDirectory(parent?: string): string {
  const directory = freshDirectory(parent);
  chownSync(directory, STRANGER.uid, STRANGER.gid);
  return directory;
}

/** Starts a gateway, kills it, and starts another one on its leftover files. */
async function expectGateways(stateDir: string, first: Actor): Promise<void> {
  const options = { stateDir, bind: false, env: {} };
  expect(await first.call('gateway', options)).not.toBeNull();
  await first.kill('SIGKILL');
  const second = await startUnprivilegedActor();
  expect(await second.call('gateway', options)).toMatchObject({ reclaimed: 'owner-gone' });
  await second.call('close');
}

describe.each(UMASKS)('under umask %s', (umask) => {
  test('a first start creates directories that this and later starts can use', async () => {
    const base = strangersDirectory();
    const stateDir = join(base, 'not', 'there', 'yet');
    await expectGateways(stateDir, await startWithUmask(umask));
    for (const name of readdirSync(base, { recursive: true }) as string[]) {
      const info = statSync(join(base, name));
      if (info.isDirectory()) expect([name, info.mode & 0o777]).toEqual([name, OWNERS_RIGHTS]);
    }
  });

  test('a lock file is readable and writable for its owner only', async () => {
    const path = join(strangersDirectory(), 'a.lock');
    const first = await startWithUmask(umask);
    expect(await first.call('tryAcquire', path)).not.toBeNull();
    expect(statSync(path).mode & 0o7777).toBe(0o600);
    await first.call('release', path);
    expect(await first.call('tryAcquire', path)).toMatchObject({ reclaimed: null });
  });
});

describe('a start after a killed start that created files under a strict umask', () => {
  test.each([0o000, 0o200, 0o400])(
    'repairs a lock file that has mode %o because the killed start never called chmod()',
    async (mode) => {
      const path = join(strangersDirectory(), 'a.lock');
      writeFileSync(path, '', { mode });
      chmodSync(path, mode);
      chownSync(path, STRANGER.uid, STRANGER.gid);
      const actor = await startUnprivilegedActor();
      expect(await actor.call('tryAcquire', path)).toMatchObject({ reclaimed: null });
      expect(statSync(path).mode & 0o7777).toBe(0o600);
    },
  );

  test.each([0o000, 0o400, 0o500])(
    'repairs a lock directory that has mode %o because the killed start never called chmod()',
    async (mode) => {
      const stateDir = strangersDirectory();
      const directory = join(stateDir, 'tmp', `gateway-${STRANGER.uid}`);
      mkdirSync(directory, { recursive: true });
      for (const each of [directory, dirname(directory)]) chownSync(each, STRANGER.uid, STRANGER.gid);
      chmodSync(directory, mode);
      await expectGateways(stateDir, await startUnprivilegedActor());
      expect(statSync(directory).mode & 0o777).toBe(OWNERS_RIGHTS);
    },
  );
});

test('a gateway starts on a mount that denies chmod() and has fixed modes', async (ctx) => {
  need(ctx, whyNoFuse('bindfs'));
  const source = freshDirectory();
  const { uid, gid } = STRANGER;
  const view = mountFuse('bindfs', source, '-p', '0755', '--chmod-deny', '-u', String(uid), '-g', String(gid));
  await expectGateways(join(view, 'state'), await startUnprivilegedActor());
});
