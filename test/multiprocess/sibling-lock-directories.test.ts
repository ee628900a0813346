// Two users on one state directory: their locks lie in directories of their own (<app>-<uid>), so each start looks into those of the
// others that it may read.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Actor, ActorOptions } from '../support/actors.js';
import { type Missing, need } from '../support/capabilities.js';
import { freePort, freshDirectory } from '../support/places.js';
import { portraitOf } from '../support/portrait.js';
import { STRANGER, startUnprivilegedActor, whyNoStranger } from '../support/unprivileged-actor.js';

const ANOTHER = { uid: 65533, gid: STRANGER.gid };
/** Root to itself, and the same user to the kernel. */
const IN_USER_NAMESPACE: ActorOptions = {
  execPath: 'unshare',
  execArgv: ['--user', '--map-root-user', process.execPath],
};

function whyNoUserNamespace(): Missing {
  const missing = whyNoStranger();
  if (missing !== null) return missing;
  const { status, stderr } = spawnSync('unshare', ['--user', '--map-root-user', 'true'], { ...STRANGER, cwd: '/' });
  return status === 0 ? null : `cannot make a user namespace here: ${stderr}`;
}

/** A volume that a group shares, as a pod with `fsGroup` sees it. */
function sharedState(): string {
  const stateDir = freshDirectory();
  execFileSync('chown', [`${STRANGER.uid}:${STRANGER.gid}`, stateDir]);
  chmodSync(stateDir, 0o2770);
  return stateDir;
}

/** What the kubelet does when a volume is mounted again. */
function giveToGroup(stateDir: string): void {
  execFileSync('find', [stateDir, '-type', 'd', '-exec', 'chmod', 'g+rwxs', '{}', '+']);
  execFileSync('find', [stateDir, '-type', 'f', '-exec', 'chmod', 'g+rw', '{}', '+']);
}

async function expectRefused(actor: Actor, stateDir: string, holder: Actor): Promise<void> {
  const files = () => readdirSync(stateDir, { recursive: true }).map((name) => join(stateDir, String(name)));
  const before = files()
    .filter((path) => path.endsWith('.lock'))
    .map(portraitOf);
  const start = actor.call('gateway', { stateDir, port: await freePort(), env: {}, timeoutMs: 300 });
  await expect(start).rejects.toMatchObject({ code: 'ERR_GATEWAY_LOCKED', owner: { pid: holder.pid } });
  expect(
    files()
      .filter((path) => path.endsWith('.lock'))
      .map(portraitOf),
  ).toEqual(before);
  expect(await holder.call('verify', 'gateway')).toBe(true);
}

async function startHolder(actor: Actor, stateDir: string): Promise<void> {
  await actor.call('gateway', { stateDir, port: await freePort(), env: {} });
}

describe('a gateway of another user on the same state directory refuses the start', () => {
  test('where the two have different uids and a group may read the volume', async (ctx) => {
    need(ctx, whyNoStranger());
    const stateDir = sharedState();
    const [holder, other] = [await startUnprivilegedActor(), await startUnprivilegedActor(ANOTHER)];
    await startHolder(holder, stateDir);
    giveToGroup(stateDir);
    await expectRefused(other, stateDir, holder);
    await holder.kill('SIGKILL');
    expect(await other.call('gateway', { stateDir, bind: false, env: {}, timeoutMs: 20_000 })).not.toBeNull();
  });

  test.for(['outside', 'inside'])(
    'where the holder runs %s the user namespace of the other one',
    async (where, ctx) => {
      need(ctx, whyNoUserNamespace());
      const stateDir = sharedState();
      const outside = await startUnprivilegedActor();
      const inside = await startUnprivilegedActor(IN_USER_NAMESPACE);
      const [holder, other] = where === 'outside' ? [outside, inside] : [inside, outside];
      await startHolder(holder, stateDir);
      await expectRefused(other, stateDir, holder);
      await holder.kill('SIGKILL');
      expect(await other.call('gateway', { stateDir, bind: false, env: {}, timeoutMs: 20_000 })).not.toBeNull();
      expect(readdirSync(join(stateDir, 'tmp')).sort()).toEqual(['gateway-0', `gateway-${STRANGER.uid}`]);
    },
  );
});
