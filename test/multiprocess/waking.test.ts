// A waiter wakes when the holder releases the lock or ends, in any process or thread.
import { renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Actor, startActor } from '../support/actors.js';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { startFaultyActor, whyNoFaults } from '../support/faulty-actor.js';
import { whyHeldFileStays } from '../support/held-file.js';
import { hold } from '../support/holding.js';
import { startLockWorker } from '../support/lock-worker.js';
import { writeOlderRecord } from '../support/older-gateway.js';
import { until } from '../support/until.js';

/**
 * How a waiter is woken if no record names the holder. Windows reports only the end of a process
 * that the record names, and not the release of a lock.
 */
const UNNAMED_HOLDER = process.platform === 'win32' ? 'poll' : 'watch';

const noFaults = whyNoFaults();
const lockPath = () => join(freshDirectory(), 'a.lock');

/**
 * Resolves when the waiter watches the lock. An answer to the next call proves that the waiter has
 * been refused before.
 */
async function startToWatch(waiter: Actor, path: string): Promise<{ lock: Promise<unknown> }> {
  const lock = waiter.call('acquire', path, { timeoutMs: 20_000 });
  await waiter.call('probe', path);
  return { lock };
}

describe('a waiter in another process', () => {
  test('acquires the lock after kill -9 of the holder, and is woken by its watch each time', async () => {
    const path = lockPath();
    const waiter = await startActor();
    for (let round = 0; round < 6; round++) {
      const holder = await startActor();
      await holder.call('tryAcquire', path);
      const waiting = await startToWatch(waiter, path);
      await holder.kill('SIGKILL');
      expect(await waiting.lock).toMatchObject({ reclaimed: 'owner-gone', waitMode: 'watch' });
      await waiter.call('release', path);
    }
  });

  test('acquires the lock after a worker thread has released the lock or was terminated', async () => {
    const path = lockPath();
    const waiter = await startActor();
    for (const end of ['release', 'terminate'] as const) {
      const worker = await startLockWorker();
      expect(await worker.call('tryAcquire', path)).toBe(true);
      const waiting = await startToWatch(waiter, path);
      if (end === 'release') await worker.call('release', path);
      await worker.terminate();
      expect(await waiting.lock).toMatchObject({ reclaimed: null });
      await waiter.call('release', path);
    }
  });

  test('acquires the lock after kill -9 of the last shared holder, which wrote no record', async () => {
    const path = lockPath();
    const [one, two, waiter] = [await startActor(), await startActor(), await startActor()];
    for (const reader of [one, two]) await reader.call('tryAcquire', path, { mode: 'shared' });
    const waiting = await startToWatch(waiter, path);
    await one.call('release', path);
    await two.kill('SIGKILL');
    expect(await waiting.lock).toMatchObject({ waitMode: UNNAMED_HOLDER });
  });

  test('acquires the lock when the lock file is deleted or replaced', async (ctx) => {
    need(ctx, whyHeldFileStays);
    const directory = freshDirectory();
    const path = join(directory, 'a.lock');
    for (const replace of [false, true]) {
      const holder = hold(path);
      const waiter = await startActor();
      const waiting = await startToWatch(waiter, path);
      writeFileSync(join(directory, 'new'), '');
      if (replace) renameSync(join(directory, 'new'), path);
      else unlinkSync(path);
      expect(await waiting.lock).toMatchObject({ waitMode: 'watch' });
      expect(holder.verify()).toBe(false);
      holder.release();
      await waiter.kill();
      unlinkSync(path);
    }
  });

  test('polls while the record of an older gateway keeps the lock, and acquires the lock afterwards', async () => {
    const path = lockPath();
    const [older, waiter] = [await startActor(), await startActor()];
    // Without a start time and a date, only the port proves that the gateway is alive.
    writeOlderRecord(path, { pid: older.pid, startTime: undefined, createdAt: undefined });
    const { port } = await older.call<{ port: number }>('bind', { port: 0 });
    const waiting = waiter.call('acquire', path, { timeoutMs: 20_000, endpoint: { host: '127.0.0.1', port } });
    await waiter.call('probe', path); // Returns after the first refusal.
    await older.call('closeListener', {});
    expect(await waiting).toMatchObject({ reclaimed: 'port-free', waitMode: 'poll' });
  });

  test('a waiter in another process uses less than 60 ms of CPU in a wait of 3 s', async () => {
    const path = lockPath();
    hold(path);
    const waiter = await startActor();
    await waiter.call('startWaiting', path);
    const before = await waiter.call<number>('cpuMs');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    // Polling with a timer of 5 ms would exceed this limit.
    expect((await waiter.call<number>('cpuMs')) - before).toBeLessThan(60);
  });
});

describe('a waiter that cannot watch the lock file', () => {
  test.for(['inotify_init1 EMFILE', 'inotify_add_watch ENOSPC', 'fstatfs says NFS'])(
    'polls, and its waitMode is poll, after the fault %s',
    async (fault, ctx) => {
      if (noFaults) ctx.skip(noFaults);
      const path = lockPath();
      const holder = hold(path);
      const waiter = await startFaultyActor(fault, path);
      const before = await waiter.call<{ threads: number; files: number }>('resources');
      let settled = false;
      const waiting = waiter.call('acquire', path, { timeoutMs: 20_000 }).finally(() => (settled = true));
      await waiter.call('resources');
      expect(settled).toBe(false);
      holder.release();
      expect(await waiting).toMatchObject({ waitMode: 'poll' });
      await waiter.call('release', path);
      await until(async () => {
        const { threads, files } = await waiter.call<typeof before>('resources');
        return threads <= before.threads && files <= before.files;
      }, 'no thread or file is left');
    },
  );
});
