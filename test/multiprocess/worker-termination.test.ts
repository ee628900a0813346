import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { probeLock, tryAcquireLock } from '../../src/index.js';
import { freshDirectory } from '../support/directories.js';

const WORKER = new URL('../fixtures/calling-worker.mjs', import.meta.url);

/**
 * The number of terminations. Without NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS one of the first 20
 * ends the process with SIGABRT.
 */
const TERMINATIONS = 40;

test.each([
  'tryAcquire',
  'refused',
  'probeLock',
  'createWaiter',
  'listen',
  'probePort',
  'processStartToken',
  'ensureLockDirectory',
])('the termination of a worker during %s neither ends the process nor leaves the lock held', async (call) => {
  const path = join(freshDirectory(), 'a.lock');
  for (let round = 0; round < TERMINATIONS; round++) {
    const worker = new Worker(WORKER, { workerData: { call, path } });
    await once(worker, 'message');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    await worker.terminate();
  }
  expect(probeLock(path).state).not.toBe('held');
  const lock = tryAcquireLock(path);
  expect(lock?.held).toBe(true);
  lock?.release();
});
