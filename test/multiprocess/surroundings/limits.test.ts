// The limits of a process and of a user: descriptors, inotify instances and inotify watches.
// native/test/release_watch_linux_test.cc has the tests of a watch at each number of descriptors.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { probeLock, tryAcquireLock } from '../../../src/index.js';
import { type Actor, startActor } from '../../support/actors.js';
import { need, whyNoShell } from '../../support/capabilities.js';
import { freshDirectory } from '../../support/directories.js';
import { hold } from '../../support/holding.js';
import { afterCommands, whyNoNamespaces } from '../../support/namespaces.js';

const lockPath = () => join(freshDirectory(), 'a.lock');

/** The most descriptors that an attempt uses at the same time: the lock file, and one of /proc. */
const ENOUGH = 6;

async function startLimited(): Promise<Actor> {
  const actor = await startActor({
    execPath: '/bin/sh',
    execArgv: ['-c', 'ulimit -n 256; exec "$@"', 'sh', process.execPath],
  });
  // Loads the addon.
  await actor.call('probe', lockPath());
  return actor;
}

/** Returns the error code of an attempt, or null if the attempt acquired the lock. */
async function codeOf(attempt: Promise<unknown>): Promise<string | null> {
  try {
    expect(await attempt).not.toBeNull();
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('a process that has reached its limit of descriptors', () => {
  test('fails to acquire with EMFILE or acquires the lock, for each number of free descriptors, and never holds a lock after an error', async (ctx) => {
    need(ctx, whyNoShell);
    const actor = await startLimited();
    const codes: (string | null)[] = [];
    for (let free = 0; free <= ENOUGH; free++) {
      const path = lockPath();
      await actor.call('leaveDescriptors', free);
      codes.push(await codeOf(actor.call('tryAcquire', path)));
      if (codes.at(-1) === null) await actor.call('release', path);
      expect(hold(path).held).toBe(true);
    }
    expect(codes[0]).toBe('EMFILE');
    expect(codes.at(-1)).toBeNull();
    expect(codes.filter((code) => code !== null && code !== 'EMFILE')).toEqual([]);
  });

  test('acquires a lock for which it waits, once the lock is free', async (ctx) => {
    need(ctx, whyNoShell);
    const path = lockPath();
    const holder = hold(path);
    const actor = await startLimited();
    // Enough for the lock file and for reading /proc, but not for a watch as well.
    await actor.call('leaveDescriptors', 2);
    const waiting = actor.call('acquire', path, { timeoutMs: 20_000 });
    await actor.call('probe', `${path}.missing`);
    holder.release();
    expect(await waiting).toMatchObject({ owner: { pid: actor.pid } });
    expect(tryAcquireLock(path)).toBeNull();
  });

  test('releases its lock', async (ctx) => {
    need(ctx, whyNoShell);
    const path = lockPath();
    const actor = await startLimited();
    await actor.call('tryAcquire', path);
    await actor.call('leaveDescriptors', 0);
    expect(await actor.call('verify', path)).toBe(true);
    await actor.call('release', path);
    expect(probeLock(path)).toMatchObject({ state: 'free', owner: null });
  });
});

describe.each(['max_inotify_instances', 'max_inotify_watches'])('a user who has reached %s', (limit) => {
  const flags = ['--user', '--map-root-user'];
  const commands = `echo 0 > /proc/sys/user/${limit}`;

  test('waits by polling, and acquires the lock after a release and after kill -9', async (ctx) => {
    need(ctx, whyNoNamespaces(flags, commands));
    const path = lockPath();
    const waiter = await startActor(afterCommands(flags, commands));
    for (const end of ['release', 'kill']) {
      const holder = await startActor();
      await holder.call('tryAcquire', path);
      const waiting = waiter.call('acquire', path, { timeoutMs: 20_000 });
      await waiter.call('probe', path);
      if (end === 'release') await holder.call('release', path);
      await holder.kill();
      expect(await waiting).toMatchObject({ waitMode: 'poll' });
      await waiter.call('release', path);
    }
  });
});
