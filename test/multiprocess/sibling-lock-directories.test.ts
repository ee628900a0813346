// Sibling lock directories: two users of one state directory have separate lock directories
// (<app>-<uid>). A starting gateway therefore also probes the locks in the lock directories of
// other users, if it can read these directories.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Actor, ActorOptions } from '../support/actors.js';
import { type Missing, need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { snapshotOf } from '../support/snapshot.js';
import { STRANGER, startUnprivilegedActor, whyNoStranger } from '../support/unprivileged-actor.js';

const ANOTHER = { uid: 65533, gid: STRANGER.gid };
/** Options for a process that is root inside a user namespace, and an ordinary user outside. */
const IN_USER_NAMESPACE: ActorOptions = {
  execPath: 'unshare',
  execArgv: ['--user', '--map-root-user', process.execPath],
};

function whyNoUserNamespace(): Missing {
  const missing = whyNoStranger();
  if (missing !== null) return missing;
  const { status, stderr } = spawnSync('unshare', ['--user', '--map-root-user', 'true'], { ...STRANGER, cwd: '/' });
  return status === 0 ? null : `cannot create a user namespace here: ${stderr}`;
}

/**
 * Creates a state directory that the users of a group share, like a volume of a pod with `fsGroup`.
 */
function sharedState(): string {
  const stateDir = freshDirectory();
  execFileSync('chown', [`${STRANGER.uid}:${STRANGER.gid}`, stateDir]);
  chmodSync(stateDir, 0o2770);
  return stateDir;
}

/** Gives the files to the group, same as the kubelet does when it mounts a volume again. */
function giveToGroup(stateDir: string): void {
  execFileSync('find', [stateDir, '-type', 'd', '-exec', 'chmod', 'g+rwxs', '{}', '+']);
  execFileSync('find', [stateDir, '-type', 'f', '-exec', 'chmod', 'g+rw', '{}', '+']);
}

async function expectRefused(actor: Actor, stateDir: string, holder: Actor): Promise<void> {
  const files = () => readdirSync(stateDir, { recursive: true }).map((name) => join(stateDir, String(name)));
  const before = files()
    .filter((path) => path.endsWith('.lock'))
    .map(snapshotOf);
  const start = actor.call('gateway', { stateDir, port: await freePort(), env: {}, timeoutMs: 300 });
  await expect(start).rejects.toMatchObject({ code: 'ERR_GATEWAY_LOCKED', owner: { pid: holder.pid } });
  expect(
    files()
      .filter((path) => path.endsWith('.lock'))
      .map(snapshotOf),
  ).toEqual(before);
  expect(await holder.call('verify', 'gateway')).toBe(true);
}

async function startHolder(actor: Actor, stateDir: string): Promise<void> {
  await actor.call('gateway', { stateDir, port: await freePort(), env: {} });
}

describe('a start while a gateway of another user runs on the same state directory', () => {
  test('a start while a gateway of another user runs on the same state directory is refused on a volume that the group of both users can read', async (ctx) => {
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
    'a start while a gateway of another user runs on the same state directory is refused if the holder runs %s the user namespace and the starting gateway does not',
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
