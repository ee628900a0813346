// Processes in different pid, mount and time namespaces use one lock.
// test/multiprocess/sibling-lock-directories.test.ts covers user namespaces.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { probeLock, tryAcquireLock } from '../../../src/index.js';
import { type ActorOptions, startActor } from '../../support/actors.js';
import { need } from '../../support/capabilities.js';
import { freshDirectory } from '../../support/directories.js';
import { hold } from '../../support/holding.js';
import { afterCommands, inNamespaces, OWN_MOUNTS, OWN_PIDS, whyNoNamespaces } from '../../support/namespaces.js';

/** The boot clock of the namespace is a day ahead, so start times in /proc differ too. */
const OWN_TIME = ['--time', '--boottime', '86400', '--monotonic', '86400', '--fork', '--kill-child'];

const lockPath = () => join(freshDirectory(), 'a.lock');

const KINDS = [
  { kind: 'pid', flags: OWN_PIDS },
  { kind: 'time', flags: OWN_TIME },
];

describe.each(KINDS)('a process in another $kind namespace', ({ flags }) => {
  const options: ActorOptions = inNamespaces(flags);

  test('holds a lock that the other processes cannot acquire, and that is free after kill -9', async (ctx) => {
    need(ctx, whyNoNamespaces(flags));
    const path = lockPath();
    const inside = await startActor(options);
    await inside.call('tryAcquire', path);
    expect(tryAcquireLock(path)).toBeNull();
    expect(probeLock(path)).toMatchObject({ state: 'held', heldBy: 'exclusive' });
    const outside = await startActor();
    const waiting = outside.call('acquire', path, { timeoutMs: 20_000 });
    await outside.call('probe', path);
    await inside.kill();
    expect(await waiting).toMatchObject({ reclaimed: 'owner-gone' });
  });

  test('cannot acquire a lock that another process holds, and acquires it after its release or kill -9', async (ctx) => {
    need(ctx, whyNoNamespaces(flags));
    const path = lockPath();
    const inside = await startActor(options);
    for (const end of ['release', 'kill']) {
      const holder = await startActor();
      await holder.call('tryAcquire', path);
      expect(await inside.call('tryAcquire', path)).toBeNull();
      const waiting = inside.call('acquire', path, { timeoutMs: 20_000 });
      await inside.call('probe', path);
      if (end === 'release') await holder.call('release', path);
      await holder.kill();
      expect(await waiting).toMatchObject({ reclaimed: end === 'release' ? null : 'owner-gone' });
      await inside.call('release', path);
    }
  });
});

test('two processes with the same pid, each in its own pid namespace, exclude each other', async (ctx) => {
  need(ctx, whyNoNamespaces(OWN_PIDS));
  const path = lockPath();
  const [one, two] = [await startActor(inNamespaces(OWN_PIDS)), await startActor(inNamespaces(OWN_PIDS))];
  expect(await one.call('tryAcquire', path)).toMatchObject({ owner: { pid: 1 } });
  expect(await two.call('tryAcquire', path)).toBeNull();
  expect(await two.call('probe', path)).toMatchObject({ state: 'held', owner: { pid: 1 }, ownerAlive: null });
  const waiting = two.call('acquire', path, { timeoutMs: 20_000 });
  await one.kill();
  expect(await waiting).toMatchObject({ reclaimed: 'owner-gone', owner: { pid: 1 } });
});

test('a process in another mount namespace, which reaches the directory by another path, uses the same lock', async (ctx) => {
  need(ctx, whyNoNamespaces(OWN_MOUNTS));
  const path = lockPath();
  const elsewhere = join(freshDirectory(), 'elsewhere');
  mkdirSync(elsewhere);
  const inside = await startActor(afterCommands(OWN_MOUNTS, `mount --bind ${join(path, '..')} ${elsewhere}`));
  const moved = join(elsewhere, 'a.lock');
  const holder = hold(path);
  expect(await inside.call('tryAcquire', moved)).toBeNull();
  const waiting = inside.call('acquire', moved, { timeoutMs: 20_000, keepFile: false });
  await inside.call('probe', moved);
  holder.release();
  expect(await waiting).toMatchObject({ reclaimed: null, owner: { pid: inside.pid } });
  expect(tryAcquireLock(path)).toBeNull();
  await inside.call('release', moved);
  expect(probeLock(path).state).toBe('missing');
});
