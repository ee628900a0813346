// Processes that cannot read /proc: it is mounted with hidepid, or not mounted at all.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { probeLock, tryAcquireLock } from '../../../src/index.js';
import { type Actor, type ActorOptions, startActor } from '../../support/actors.js';
import { type Missing, need, whyNotRoot } from '../../support/capabilities.js';
import { freshDirectory } from '../../support/directories.js';
import { hold } from '../../support/holding.js';
import { afterCommands, OWN_MOUNTS, whyNoNamespaces } from '../../support/namespaces.js';
import { writeOlderRecord } from '../../support/older-gateway.js';
import { STRANGER, startUnprivilegedActor, whyNoStranger } from '../../support/unprivileged-actor.js';

const HIDE = 'mount -t proc -o hidepid=2 proc /proc';
const REMOVE = 'mount -t tmpfs tmpfs /proc';
const AS_STRANGER = `setpriv --reuid=${STRANGER.uid} --regid=${STRANGER.gid} --clear-groups`;

const whyNoHiding = (commands: string): Missing => whyNotRoot() ?? whyNoNamespaces(OWN_MOUNTS, commands);

/** An actor of another user, to whom /proc shows only the actor's own processes. */
function startBehindHidepid(): Promise<Actor> {
  const { execPath, execArgv } = afterCommands(OWN_MOUNTS, HIDE);
  const node = execArgv!.at(-1)!;
  const options: ActorOptions = {
    execPath: execPath!,
    execArgv: [...execArgv!.slice(0, -1), ...AS_STRANGER.split(' '), node],
    uid: 0,
    gid: 0,
  };
  return startUnprivilegedActor(options);
}

/** The lock file belongs to another user. */
const SHARED = { access: 'everyone' } as const;

const KINDS = [
  {
    what: 'behind hidepid=2, for which the other processes are invisible',
    missing: () => whyNoStranger() ?? whyNoHiding(`${HIDE} && ${AS_STRANGER} true`),
    startHidden: startBehindHidepid,
  },
  {
    what: 'without /proc',
    missing: () => whyNoHiding(REMOVE),
    startHidden: () => startActor(afterCommands(OWN_MOUNTS, REMOVE)),
  },
];

describe.each(KINDS)('a process $what', ({ missing, startHidden }) => {
  beforeEach((ctx) => need(ctx, missing()));

  /** A lock file in a directory that both root and the other user may write to. */
  function sharedPath(): string {
    const directory = freshDirectory();
    chownSync(directory, STRANGER.uid, STRANGER.gid);
    return join(directory, 'a.lock');
  }

  test('cannot acquire a lock that is held, and acquires it after a release and after kill -9', async () => {
    const path = sharedPath();
    const hidden = await startHidden();
    for (const end of ['release', 'kill']) {
      const holder = await startActor();
      await holder.call('tryAcquire', path, SHARED);
      expect(await hidden.call('tryAcquire', path, SHARED)).toBeNull();
      expect(await hidden.call('probe', path, SHARED)).toMatchObject({ state: 'held', owner: { pid: holder.pid } });
      const waiting = hidden.call('acquire', path, { ...SHARED, timeoutMs: 20_000 });
      await hidden.call('probe', path, SHARED);
      if (end === 'release') await holder.call('release', path);
      await holder.kill();
      expect(await waiting).toMatchObject({ reclaimed: end === 'release' ? null : 'owner-gone' });
      await hidden.call('release', path);
    }
  });

  test('holds a lock that no other process can acquire until kill -9', async () => {
    const path = sharedPath();
    const hidden = await startHidden();
    await hidden.call('tryAcquire', path, SHARED);
    expect(tryAcquireLock(path, SHARED)).toBeNull();
    expect(probeLock(path, SHARED)).toMatchObject({ state: 'held' });
    await hidden.kill();
    expect(hold(path, SHARED)).toMatchObject({ reclaimed: 'owner-gone' });
  });

  test('does not reclaim the lock of an older gateway that is alive, although it cannot see the process', async () => {
    const path = sharedPath();
    const older = await startActor();
    writeOlderRecord(path, { pid: older.pid });
    chmodSync(path, 0o666);
    const hidden = await startHidden();
    expect(await hidden.call('tryAcquire', path, SHARED)).toBeNull();
    await older.kill();
    expect(await hidden.call('tryAcquire', path, SHARED)).toMatchObject({ reclaimed: 'owner-gone' });
  });
});

test('/proc of these tests is hidden: a process of another user is invisible', (ctx) => {
  need(ctx, whyNoStranger() ?? whyNoHiding(`${HIDE} && ${AS_STRANGER} true`));
  const commands = `${HIDE} && ${AS_STRANGER} test ! -e /proc/${process.pid}`;
  execFileSync('unshare', [...OWN_MOUNTS, 'sh', '-c', commands]);
});
