// Older gateways, which write a record and hold no kernel lock (OpenClaw), at times when they do
// not listen: while they start, while they restart in place, and in the roles that never listen.
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

/** Starts a gateway that has written its record and does not listen. */
async function startOlderGateway(fields: Record<string, unknown> = {}): Promise<OlderGateway> {
  const stateDir = freshDirectory();
  const path = join(lockDirectory(stateDir), 'gateway.state.lock');
  const [actor, port] = [await startActor(), await freePort()];
  writeOlderRecord(path, { pid: actor.pid, port, role: 'gateway', stateDir, ...fields });
  return { actor, path, options: { stateDir, port, env: {} } };
}

/**
 * Expects every start to fail, on the port of the gateway and on another port, because both use its
 * state directory.
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

describe('a start is refused while an older gateway', () => {
  test('has written its record but does not listen yet', async () => {
    const older = await startOlderGateway();
    await expectRespected(older);
    expect(await probeGateway(older.options)).toMatchObject({ state: 'starting', ownerAlive: true });
    await older.actor.call('bind', { port: older.options.port });
    await expectRespected(older);
    await expectReclaimed(older);
  });

  test('restarts in place and has no listener for a moment', async () => {
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
    'in the role %s has been running for a day without listening',
    async (role) => {
      const older = await startOlderGateway({ role, port: undefined });
      setAge(older.path, DAY_MS);
      await expectRespected(older);
      await expectReclaimed(older);
    },
  );

  test('is suspended', async () => {
    const older = await startOlderGateway();
    await older.actor.hang();
    await expectRespected(older);
    await expectReclaimed(older);
  });
});
