// Older gateways (OpenClaw), which write a record and hold no kernel lock. These tests cover the
// times when such a gateway does not listen: while it starts, while it restarts in place, and in
// the roles that never listen.
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { acquireGatewayLock, probeGateway, probeLock } from '../../src/index.js';
import { type Actor, startActor } from '../support/actors.js';
import { need } from '../support/capabilities.js';
import { gatewayLock } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { setAge, whyNoStartTime } from '../support/hand-written-records.js';
import { lockDirectory } from '../support/lock-directory.js';
import { writeOlderRecord } from '../support/older-gateway.js';
import { snapshotOf } from '../support/snapshot.js';

const DAY_MS = 24 * 3_600_000;

interface OlderGateway {
  readonly actor: Actor;
  readonly path: string;
  readonly options: { readonly stateDir: string; readonly port: number; readonly env: Record<string, string> };
}

/** Starts an older gateway that has written its record and does not listen. */
async function startOlderGateway(fields: Record<string, unknown> = {}): Promise<OlderGateway> {
  const stateDir = freshDirectory();
  const path = join(lockDirectory(stateDir), 'gateway.state.lock');
  const [actor, port] = [await startActor(), await freePort()];
  writeOlderRecord(path, { pid: actor.pid, port, role: 'gateway', stateDir, ...fields });
  return { actor, path, options: { stateDir, port, env: {} } };
}

/**
 * Expects a start to fail on the port of the older gateway and on another port, because both starts
 * use the state directory of the older gateway.
 */
async function expectRespected({ actor, path, options }: OlderGateway): Promise<void> {
  const before = snapshotOf(path);
  expect(probeLock(path)).toMatchObject({ state: 'held', heldBy: 'record', ownerAlive: true });
  for (const port of [options.port, await freePort()]) {
    const start = acquireGatewayLock({ ...options, port, timeoutMs: 50, whenListening: 'wait' });
    await expect(start).rejects.toMatchObject({ code: 'ERR_GATEWAY_LOCKED', owner: { pid: actor.pid } });
  }
  const words = ['run', '--no-wait', '--state-dir', options.stateDir, '--port', String(await freePort())];
  expect(await gatewayLock([...words, '--', process.execPath, '-e', 'console.log("started")'])).toMatchObject({
    code: 75,
    out: '',
  });
  expect(snapshotOf(path)).toEqual(before);
}

async function expectReclaimed({ actor, options }: OlderGateway): Promise<void> {
  await actor.kill('SIGKILL');
  const lock = await acquireGatewayLock({ ...options, timeoutMs: 20_000 });
  onTestFinished(() => lock.close({ graceMs: 0 }));
  expect(lock.reclaimed).toBe('owner-gone');
}

beforeEach((ctx) => need(ctx, whyNoStartTime));

describe('the start of a gateway on the state directory of an older gateway', () => {
  test('the start of a gateway is refused while the older gateway has written its record but does not listen yet', async () => {
    const older = await startOlderGateway();
    await expectRespected(older);
    expect(await probeGateway(older.options)).toMatchObject({ state: 'starting', ownerAlive: true });
    await older.actor.call('bind', { port: older.options.port });
    await expectRespected(older);
    await expectReclaimed(older);
  });

  test('the start of a gateway is refused while the older gateway restarts in place and briefly has no listener', async () => {
    const older = await startOlderGateway();
    await older.actor.call('bind', { port: older.options.port });
    await expectRespected(older);
    await older.actor.call('closeListener', { graceMs: 0 });
    await expectRespected(older);
    await older.actor.call('bind', { port: older.options.port });
    await expectRespected(older);
    await expectReclaimed(older);
  });

  test.for(['agent-embedded', 'sqlite-maintenance', 'skill-workshop-apply'])(
    'the start of a gateway is refused while the older gateway has been running for a day in the role %s, which never listens',
    async (role) => {
      const older = await startOlderGateway({ role, port: undefined });
      setAge(older.path, DAY_MS);
      await expectRespected(older);
      await expectReclaimed(older);
    },
  );

  test('the start of a gateway is refused while the older gateway is suspended', async () => {
    const older = await startOlderGateway();
    await older.actor.hang();
    await expectRespected(older);
    await expectReclaimed(older);
  });
});
