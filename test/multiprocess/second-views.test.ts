// Second views: one directory that is mounted twice on one host, where the kernel grants a lock in
// each mount. A second gateway must detect this from the owner record in the lock file, and must
// not disturb the first gateway.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  acquireGatewayLock,
  type GatewayLockOptions,
  probeLock,
  resolveGatewayPaths,
  tryAcquireLock,
} from '../../src/index.js';
import { type Actor, startActor } from '../support/actors.js';
import { need } from '../support/capabilities.js';
import { gatewayLock } from '../support/command.js';
import { freePort } from '../support/free-port.js';
import { hold } from '../support/holding.js';
import { snapshotOf } from '../support/snapshot.js';
import { VIEW_KINDS, type ViewKind, type Views } from '../support/views.js';

const WEAK = { code: 'ERR_LOCK_WEAK_FILESYSTEM' };

interface Running {
  readonly actor: Actor;
  readonly port: number;
  /** The path of the state lock in the first view. */
  readonly path: string;
}

const stateIn = (view: string) => join(view, 'state');
const optionsFor = (view: string, port: number): GatewayLockOptions => ({ stateDir: stateIn(view), port, env: {} });

async function startIn({ first }: Views): Promise<Running> {
  const actor = await startActor();
  const port = await freePort();
  await actor.call('gateway', optionsFor(first, port));
  await actor.call('serve');
  return { actor, port, path: resolveGatewayPaths(optionsFor(first, port)).lockPaths[0]! };
}

async function expectUntouched({ actor, path }: Running, before: object): Promise<void> {
  expect(snapshotOf(path)).toEqual(before);
  expect(await actor.call('verify', 'gateway')).toBe(true);
  expect(await actor.call('tryAcquire', path)).toBeNull();
}

async function expectRefused(views: Views, running: Running): Promise<void> {
  for (const port of [running.port, await freePort()]) {
    const start = acquireGatewayLock({ ...optionsFor(views.second, port), timeoutMs: 300 });
    await expect(start).rejects.toMatchObject({ code: 'ERR_GATEWAY_LOCK_FAILED', cause: WEAK });
  }
}

async function expectNextStart(views: Views, { actor, port }: Running): Promise<void> {
  await actor.kill('SIGKILL');
  const lock = await acquireGatewayLock({ ...optionsFor(views.second, port), timeoutMs: 20_000 });
  onTestFinished(() => lock.close({ graceMs: 0 }));
  await lock.listen(createServer());
  expect(lock.reclaimed).toBe('owner-gone');
}

const byName = (kinds: readonly ViewKind[]) => kinds.map((kind) => [kind.name, kind] as const);

describe('a second view of the lock directory of a running gateway', () => {
  test.for(byName(VIEW_KINDS))(
    'a start is refused in a second view (%s) without disturbing the first gateway',
    async ([, kind], ctx) => {
      need(ctx, kind.missing());
      const views = kind.make();
      const running = await startIn(views);
      const before = snapshotOf(running.path);
      await expectRefused(views, running);
      await expectUntouched(running, before);
      await expectNextStart(views, running);
    },
  );

  test.for(byName(VIEW_KINDS))(
    'a single lock and gateway-lock run are also refused in a second view (%s)',
    async ([, kind], ctx) => {
      need(ctx, kind.missing());
      const views = kind.make();
      const [path, otherPath] = [join(views.first, 'a.lock'), join(views.second, 'a.lock')];
      const holder = await startActor();
      await holder.call('tryAcquire', path);
      const before = snapshotOf(path);
      expect(() => tryAcquireLock(otherPath)).toThrow(expect.objectContaining(WEAK));
      expect(probeLock(otherPath)).toMatchObject({ state: 'held', owner: { pid: holder.pid }, ownerAlive: true });
      const run = await gatewayLock(['run', '--no-wait', '--lock', otherPath, '--', process.execPath, '-e', '0']);
      expect(run.code).not.toBe(0);
      expect(run.err).toContain(otherPath);
      expect(snapshotOf(path)).toEqual(before);
      expect(await holder.call('verify', path)).toBe(true);
      await holder.call('release', path);
      expect(hold(otherPath).verify()).toBe(true);
    },
  );
});
