// Waits that end because their worker thread or process ends.
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { acquireLock, probeLock } from '../../src/index.js';
import { startActor } from '../support/actors.js';
import { freshDirectory } from '../support/directories.js';
import { hold } from '../support/holding.js';
import { until } from '../support/until.js';

const lockPath = () => join(freshDirectory(), 'a.lock');

describe('the end of a waiting thread or process at a random moment', () => {
  const WORKER = new URL('../fixtures/lock-worker.mjs', import.meta.url);

  test('worker.terminate() of a waiting worker returns at once and leaves neither a held lock nor a thread', async () => {
    const path = lockPath();
    const holder = hold(path);
    for (let round = 0; round < 20; round++) {
      const worker = new Worker(WORKER, { execArgv: [] });
      await once(worker, 'message');
      for (let waits = 0; waits < 3; waits++) {
        worker.postMessage({ method: 'startWaiting', args: [round % 2 === 0 ? path : `${path}.${waits}`] });
        worker.postMessage({ method: 'tryAcquire', args: [`${path}.${waits}`] });
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 6));
      await worker.terminate();
    }
    expect(holder.verify()).toBe(true);
    for (let waits = 0; waits < 3; waits++) expect(probeLock(`${path}.${waits}`).state).not.toBe('held');
    const lock = await acquireLock(`${path}.0`, { timeoutMs: 0 });
    lock.release();
  });

  test('process.exit() of a waiting process ends it with the given exit code', async () => {
    const path = lockPath();
    const holder = hold(path);
    for (let round = 0; round < 6; round++) {
      const waiter = await startActor();
      void waiter.call('startWaiting', path).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
      waiter.call('exit', 7).catch(() => {});
      expect(await waiter.exited).toEqual({ code: 7, signal: null });
    }
    expect(holder.verify()).toBe(true);
  });

  test('a wait keeps its process alive until the lock is acquired, even if the process has no other work', async () => {
    const path = lockPath();
    const holder = hold(path);
    const waiter = await startActor();
    await waiter.call('startWaiting', path);
    await waiter.call('unrefChannel');
    let exited = false;
    void waiter.exited.then(() => (exited = true));
    await until(() => probeLock(path).state === 'held', 'the lock is held');
    expect(exited).toBe(false);
    holder.release();
    expect(await waiter.exited).toEqual({ code: 0, signal: null });
    expect(probeLock(path).state).toBe('free');
  });
});
