// Worker threads that do what they are told (test/fixtures/lock-worker.mjs), gone when the test has finished.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';

const SCRIPT = new URL('../fixtures/lock-worker.mjs', import.meta.url);

export interface LockWorker {
  /** One call at a time. */
  call(method: string, ...args: unknown[]): Promise<unknown>;
  terminate(): Promise<number>;
}

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
