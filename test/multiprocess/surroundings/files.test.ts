// Another program changes the lock file while the lock is held and a waiter waits for it. The package
// must never overwrite a file that is not a lock file, and the waiter must not hang.
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { probeLock, tryAcquireLock } from '../../../src/index.js';
import { type Actor, startActor } from '../../support/actors.js';
import { need, whyNoLinks } from '../../support/capabilities.js';
import { freshDirectory } from '../../support/directories.js';
import { whyHeldFileStays } from '../../support/held-file.js';
import { hold } from '../../support/holding.js';
import { suspended } from '../../support/stopping.js';

const FOREIGN = 'precious '.repeat(1000);

const lockPath = () => join(freshDirectory(), 'a.lock');

/** Starts a waiter in another process. Resolves when the waiter has been refused once. */
async function startWaiter(path: string): Promise<{ actor: Actor; lock: Promise<unknown> }> {
  const actor = await startActor();
  const lock = actor.call('acquire', path, { timeoutMs: 20_000 });
  lock.catch(() => {});
  await actor.call('probe', path);
  return { actor, lock };
}

function replaceByLink(path: string): string {
  const target = `${path}.target`;
  writeFileSync(target, FOREIGN);
  symlinkSync(target, `${path}.link`);
  renameSync(`${path}.link`, path);
  return target;
}

/** The waiter is suspended, so that it does not create a lock file in between. */
async function replaceByDirectory(path: string, waiter: number): Promise<void> {
  await suspended(waiter);
  rmSync(path);
  mkdirSync(path);
  process.kill(waiter, 'SIGCONT');
}

/** Renames the directory of the lock file. Returns the new path of the file. */
function renameDirectory(path: string): string {
  const renamed = `${dirname(path)}.renamed`;
  onTestFinished(() => rmSync(renamed, { recursive: true, force: true }));
  renameSync(dirname(path), renamed);
  return join(renamed, 'a.lock');
}

test('a lock file that is truncated stays locked, and the waiter acquires the lock after the release', async (ctx) => {
  need(ctx, whyHeldFileStays);
  const path = lockPath();
  const holder = hold(path);
  const waiter = await startWaiter(path);
  truncateSync(path, 0);
  expect(holder.verify()).toBe(true);
  expect(tryAcquireLock(path)).toBeNull();
  expect(probeLock(path)).toMatchObject({ state: 'held', owner: null });
  holder.release();
  expect(await waiter.lock).toMatchObject({ reclaimed: null, owner: { pid: waiter.actor.pid } });
});

test('a lock file that is filled with other data stays locked, is never overwritten, and the waiter fails with ERR_LOCK_INVALID_FILE', async (ctx) => {
  need(ctx, whyHeldFileStays);
  const path = lockPath();
  const holder = hold(path);
  const waiter = await startWaiter(path);
  writeFileSync(path, FOREIGN);
  expect(holder.verify()).toBe(true);
  expect(tryAcquireLock(path)).toBeNull();
  holder.release();
  await expect(waiter.lock).rejects.toMatchObject({ code: 'ERR_LOCK_INVALID_FILE', path });
  expect(readFileSync(path, 'utf8')).toBe(FOREIGN);
});

test('a lock file that becomes a link is lost for its holder, and neither the link nor its target changes', async (ctx) => {
  need(ctx, whyHeldFileStays ?? whyNoLinks);
  const path = lockPath();
  const holder = hold(path);
  const waiter = await startWaiter(path);
  const target = replaceByLink(path);
  expect(holder.verify()).toBe(false);
  await expect(waiter.lock).rejects.toMatchObject({ code: 'ERR_LOCK_INVALID_FILE', path });
  holder.release();
  expect(() => tryAcquireLock(path)).toThrow(expect.objectContaining({ code: 'ERR_LOCK_INVALID_FILE' }));
  expect([readlinkSync(path), readFileSync(target, 'utf8')]).toEqual([target, FOREIGN]);
});

test('a lock file that becomes a directory is lost for its holder, and the waiter fails with ERR_LOCK_INVALID_FILE', async (ctx) => {
  need(ctx, whyHeldFileStays);
  need(ctx, process.platform === 'linux' ? null : 'this system has no /proc/PID/stat');
  const path = lockPath();
  const holder = hold(path);
  const waiter = await startWaiter(path);
  await replaceByDirectory(path, waiter.actor.pid);
  await expect(waiter.lock).rejects.toMatchObject({ code: 'ERR_LOCK_INVALID_FILE', path });
  expect(holder.verify()).toBe(false);
  holder.release();
  expect(lstatSync(path).isDirectory()).toBe(true);
});

test('a waiter fails with ENOENT after its directory was renamed, and the release changes nothing at the old path', async (ctx) => {
  need(ctx, whyHeldFileStays);
  const path = lockPath();
  const holder = hold(path);
  const waiter = await startWaiter(path);
  renameDirectory(path);
  await expect(waiter.lock).rejects.toMatchObject({ code: 'ENOENT', path });
  expect(holder.verify()).toBe(false);
  holder.release();
  expect(probeLock(path).state).toBe('missing');
});

test('a waiter whose directory was renamed and created again acquires the lock at its path, beside the lock that was renamed', async (ctx) => {
  need(ctx, whyHeldFileStays);
  const path = lockPath();
  const holder = hold(path);
  const waiter = await startWaiter(path);
  const renamed = renameDirectory(path);
  mkdirSync(dirname(path));
  expect(await waiter.lock).toMatchObject({ reclaimed: null, owner: { pid: waiter.actor.pid } });
  expect(tryAcquireLock(path)).toBeNull();
  expect(tryAcquireLock(renamed)).toBeNull();
  holder.release();
  expect(await waiter.actor.call('verify', path)).toBe(true);
  expect(tryAcquireLock(path)).toBeNull();
});
