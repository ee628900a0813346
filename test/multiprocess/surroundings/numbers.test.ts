// Large numbers: 10,000 locks in one process, and 1,000 worker threads.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { probeLock, tryAcquireLock } from '../../../src/index.js';
import { startActor } from '../../support/actors.js';
import { isWine, type Missing, need } from '../../support/capabilities.js';
import { freshDirectory } from '../../support/directories.js';
import { hold } from '../../support/holding.js';
import { until } from '../../support/until.js';

/** Fewer under Wine, where all processes together can open about 9,800 files. */
const LOCKS = isWine ? 2000 : 10_000;
const WORKERS = isWine ? 100 : 1000;
/** Worker threads that run at the same time. */
const LANES = 8;
const WORKER = new URL('../../fixtures/lock-worker.mjs', import.meta.url);

function whyNoManyFiles(): Missing {
  if (process.platform === 'win32') return null;
  const limit = spawnSync('/bin/sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout.trim();
  const enough = limit === 'unlimited' || Number(limit) >= LOCKS + 200;
  return enough ? null : `needs ${LOCKS + 200} descriptors for a process, but ulimit -Hn is ${limit}`;
}

describe(`a process that holds ${LOCKS} locks`, () => {
  const pathsIn = (directory: string) => Array.from({ length: LOCKS }, (_, index) => join(directory, `${index}.lock`));

  test('excludes other processes from each lock, and all are free after kill -9', { timeout: 300_000 }, async (ctx) => {
    need(ctx, whyNoManyFiles());
    const paths = pathsIn(freshDirectory());
    const [holder, other] = [await startActor(), await startActor()];
    expect(await holder.call('acquireMany', paths)).toBe(LOCKS);
    expect(await other.call('acquireMany', paths)).toBe(0);
    await holder.kill();
    expect(await other.call('acquireMany', paths)).toBe(LOCKS);
  });

  test('releases them in the reverse order, and leaves no file with keepFile: false', {
    timeout: 300_000,
  }, async (ctx) => {
    need(ctx, whyNoManyFiles());
    const directory = freshDirectory();
    const paths = pathsIn(directory);
    const holder = await startActor();
    expect(await holder.call('acquireMany', paths, { keepFile: false })).toBe(LOCKS);
    expect(readdirSync(directory)).toHaveLength(LOCKS);
    await holder.call('releaseMany', [...paths].reverse());
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe(`${WORKERS} worker threads of one process`, () => {
  function resources(): { threads: number; files: number } | null {
    if (process.platform !== 'linux') return null;
    return { threads: readdirSync('/proc/self/task').length, files: readdirSync('/proc/self/fd').length };
  }

  /** Terminates a worker that holds one lock and waits for another. Returns true if it held it. */
  async function runWorker(own: string, held: string): Promise<boolean> {
    const worker = new Worker(WORKER, { execArgv: [] });
    await once(worker, 'message');
    worker.postMessage({ method: 'startWaiting', args: [held] });
    await once(worker, 'message');
    worker.postMessage({ method: 'tryAcquire', args: [own] });
    const [{ value }] = await once(worker, 'message');
    await worker.terminate();
    return value;
  }

  test('that end while they hold a lock and wait for another leave no lock, no thread and no descriptor', {
    timeout: 600_000,
  }, async () => {
    const directory = freshDirectory();
    const held = join(directory, 'held.lock');
    const holder = hold(held);
    // The first workers load what stays in the process.
    await Promise.all(Array.from({ length: LANES }, (_, lane) => runWorker(join(directory, `${lane}.lock`), held)));
    const before = resources();
    let left = WORKERS;
    let acquired = 0;
    const lanes = Array.from({ length: LANES }, async (_, lane) => {
      while (left-- > 0) {
        if (await runWorker(join(directory, `${lane}.lock`), held)) acquired++;
      }
    });
    await Promise.all(lanes);
    // A worker's locks are free when terminate() resolves, so the next worker acquires its lock.
    expect(acquired).toBe(WORKERS);
    expect(holder.verify()).toBe(true);
    for (let lane = 0; lane < LANES; lane++) expect(probeLock(join(directory, `${lane}.lock`)).state).not.toBe('held');
    if (before === null) return;
    await until(() => resources()!.threads <= before.threads && resources()!.files <= before.files, 'nothing is left');
    holder.release();
    expect(tryAcquireLock(held)?.held).toBe(true);
  });
});
