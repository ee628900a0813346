// A worker process of a stress run. It repeatedly acquires the lock, works while the witnesses
// watch, and releases the lock, until it ends as planned. It writes its state to stdout as one
// letter (announcement.ts). upgrading-worker.ts does the work of mode `upgrade`.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, Worker } from 'node:worker_threads';
import { acquireLock, bindExclusive } from '../../../index.js';
import { writeState } from './announcement.js';
import { newRandom, type Random } from './plan.js';
import { startGateway } from './stress-gateway.js';
import { runUpgrades, tell } from './upgrading-worker.js';
import { Witness } from './witness.js';
import { BIND_PAUSE_MS, end, LAST_SHARE, PAUSE_MS, WORK_MS, WORKER_VARIABLE, type WorkerPlan } from './worker-plan.js';

/** Longest lifetime of a thread that is terminated, in milliseconds. */
const MAX_THREAD_LIFETIME_MS = 30;
/** Same as MAX_THREAD_LIFETIME_MS, but in mode `upgrade`, where a successor needs time to start. */
const MAX_GATEWAY_LIFETIME_MS = 500;
/** Share of acquisitions in shared mode, with `--mode shared`. */
const SHARED_SHARE = 0.75;

type Release = () => void | Promise<void>;

/** Runs this process as a worker. Never resolves: the process ends as planned. */
export async function runWorker(): Promise<void> {
  const plan = JSON.parse(process.env[WORKER_VARIABLE]!) as WorkerPlan;
  const random = newRandom(plan.seed);
  if (plan.ending === 'terminate' && isMainThread) return terminateThread(plan, random);
  const witness = new Witness(plan.directory, plan.ending === 'terminate');
  process.on('exit', () => witness.removeMarker());
  if (plan.mode === 'upgrade') return runUpgrades(plan, random, witness);
  for (;;) await runRound(plan, random, witness);
}

/** Runs the rounds in a thread and terminates it at a random point. */
async function terminateThread({ mode }: WorkerPlan, random: Random): Promise<void> {
  const thread = new Worker(process.argv[1]!, { argv: process.argv.slice(2), stdout: false });
  await new Promise((resolve) => thread.once('online', resolve));
  await sleep(random() * (mode === 'upgrade' ? MAX_GATEWAY_LIFETIME_MS : MAX_THREAD_LIFETIME_MS));
  if (mode === 'upgrade') tell('leaving');
  await thread.terminate();
  process.exit();
}

async function runRound(plan: WorkerPlan, random: Random, witness: Witness): Promise<void> {
  const shared = plan.mode === 'shared' && random() < SHARED_SHARE;
  writeState('waiting');
  const release = plan.sabotage ? () => {} : await acquire(plan, shared);
  writeState('holding');
  if (shared) witness.enterShared();
  else witness.enter();
  await sleep(random() * WORK_MS);
  if (random() < LAST_SHARE) end(plan.ending);
  if (shared) witness.leaveShared();
  else witness.leave();
  writeState('releasing');
  await release();
  await sleep(random() * PAUSE_MS);
}

async function acquire({ mode, directory, port }: WorkerPlan, shared: boolean): Promise<Release> {
  if (mode === 'bind') return bind(port);
  if (mode === 'gateway') return acquireGateway(directory, port);
  const options = { timeoutMs: Number.POSITIVE_INFINITY, keepFile: false } as const;
  const lock = await acquireLock(join(directory, 'the.lock'), { ...options, mode: shared ? 'shared' : 'exclusive' });
  return () => lock.release();
}

async function acquireGateway(directory: string, port: number): Promise<Release> {
  const gateway = await startGateway(directory, port);
  return () => gateway.close({ graceMs: 0 });
}

async function bind(port: number): Promise<Release> {
  for (;;) {
    try {
      const listener = bindExclusive({ port });
      return () => listener.close({ graceMs: 0 });
    } catch (error) {
      if (!['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      await sleep(BIND_PAUSE_MS);
    }
  }
}
