// A copy of a state directory contains the record of a living process. The copy is not a second
// view of the directory, so a gateway can start on the copy.
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { acquireGatewayLock, type GatewayLock, resolveGatewayPaths } from '../../src/index.js';
import { type Actor, startActor } from '../support/actors.js';
import { need, whyNoMount, whyNoShell } from '../support/capabilities.js';
import { gatewayLock } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { mountTmpfs } from '../support/mounts.js';
import { snapshotOf } from '../support/snapshot.js';

interface Running {
  readonly actor: Actor;
  readonly stateDir: string;
  readonly path: string;
}

async function startGateway(): Promise<Running> {
  const options = { stateDir: join(freshDirectory(), 'state'), port: await freePort(), env: {} };
  const actor = await startActor();
  await actor.call('gateway', options);
  return { actor, stateDir: options.stateDir, path: resolveGatewayPaths(options).lockPaths[0]! };
}

async function startOn(stateDir: string): Promise<GatewayLock> {
  const lock = await acquireGatewayLock({ stateDir, port: await freePort(), env: {}, timeoutMs: 20_000 });
  onTestFinished(() => lock.close({ graceMs: 0 }));
  return lock;
}

function copy(from: string, to: string, ...options: string[]): string {
  execFileSync('cp', ['-a', ...options, from, to], { stdio: 'pipe' });
  return to;
}

async function expectUntouched({ actor, path }: Running, before: object): Promise<void> {
  expect(snapshotOf(path)).toEqual(before);
  expect(await actor.call('verify', 'gateway')).toBe(true);
}

describe('a copy of the state directory of a running gateway', () => {
  test.for(['the same file system', 'another file system'])(
    'a gateway can start on a copy of the state directory on %s',
    async (where, ctx) => {
      need(ctx, whyNoShell ?? (where === 'another file system' ? whyNoMount() : null));
      const running = await startGateway();
      const target = where === 'another file system' ? mountTmpfs() : freshDirectory();
      const before = snapshotOf(running.path);
      const lock = await startOn(copy(running.stateDir, join(target, 'state')));
      expect(lock).toMatchObject({ reclaimed: 'owner-gone', strength: 'local' });
      expect(lock.verify()).toBe(true);
      await expectUntouched(running, before);
    },
  );

  test('a gateway can start on the copy and another on the original after the running gateway was killed', async (ctx) => {
    need(ctx, whyNoShell);
    const { actor, stateDir } = await startGateway();
    const copied = copy(stateDir, join(freshDirectory(), 'state'));
    await actor.kill('SIGKILL');
    for (const directory of [copied, stateDir]) expect((await startOn(directory)).reclaimed).toBe('owner-gone');
  });
});

describe('a backup that consists of hard links (rsnapshot, cp -al, rsync --link-dest)', () => {
  test('a backup that consists of hard links (rsnapshot, cp -al, rsync --link-dest) does not block the next start after the gateway was killed, and is not removed', async (ctx) => {
    need(ctx, whyNoShell);
    const { actor, stateDir, path } = await startGateway();
    const backup = copy(stateDir, join(freshDirectory(), 'backup'), '-l');
    const link = join(backup, path.slice(stateDir.length));
    await actor.kill('SIGKILL');
    expect(statSync(path).nlink).toBe(2);
    const lock = await startOn(stateDir);
    expect(lock.reclaimed).toBe('owner-gone');
    expect(lock.verify()).toBe(true);
    await lock.close({ graceMs: 0 });
    expect([existsSync(path), existsSync(link)]).toEqual([false, true]);
  });

  test('a backup that consists of hard links (rsnapshot, cp -al, rsync --link-dest) does not prevent doctor --fix from removing the lock file of a killed gateway', async (ctx) => {
    need(ctx, whyNoShell);
    const { actor, stateDir, path } = await startGateway();
    copy(stateDir, join(freshDirectory(), 'backup'), '-l');
    await actor.kill('SIGKILL');
    await gatewayLock(['doctor', '--fix', '--state-dir', stateDir]);
    expect(existsSync(path)).toBe(false);
  });
});
