// Starts worker threads that acquire and release locks on request (test/fixtures/lock-worker.mjs).
// They are terminated after the test.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';

const SCRIPT = new URL('../fixtures/lock-worker.mjs', import.meta.url);

/** A running worker thread. */
export interface LockWorker {
  /** Calls a method of the worker. Make only one call at a time. */
  call(method: string, ...args: unknown[]): Promise<unknown>;
  terminate(): Promise<number>;
}

/** Starts a worker thread. Resolves when it has loaded the package. */
export async function startLockWorker(): Promise<LockWorker> {
  const worker = new Worker(SCRIPT, { execArgv: [] });
  onTestFinished(async () => void (await worker.terminate()));
  await once(worker, 'message');
  return {
    async call(method, ...args) {
      worker.postMessage({ method, args });
      const [{ value }] = await once(worker, 'message');
      return value;
    },
    terminate: () => worker.terminate(),
  };
}
