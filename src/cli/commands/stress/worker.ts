// A worker process of a stress run. It repeatedly acquires the lock, works while the witnesses
// watch, and releases the lock, until it ends as planned. It writes its state to stdout as one
// letter: w (waiting), h (holding), r (releasing).
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, Worker } from 'node:worker_threads';
import { acquireGatewayLock, acquireLock, bindExclusive } from '../../../index.js';
import { type Ending, newRandom, type Random, type StressOptions } from './plan.js';
import { Witness } from './witness.js';

/** Environment variable of a worker process: a {@link WorkerPlan} as JSON. */
export const WORKER_VARIABLE = 'GATEWAY_LOCK_STRESS_WORKER';

/** The data that the driver passes to a worker process. */
export interface WorkerPlan extends Pick<StressOptions, 'mode' | 'sabotage' | 'directory' | 'seed'> {
  readonly ending: Ending;
  readonly port: number;
}

/** Longest time that a worker holds the lock, in milliseconds. */
const WORK_MS = 3;
const PAUSE_MS = 2;
const BIND_PAUSE_MS = 1;
const MAX_THREAD_LIFETIME_MS = 30;
/** Probability that a worker that ends by itself does so while holding the lock. */
const LAST_SHARE = 0.3;
/** Share of acquisitions in shared mode, with `--mode shared`. */
const SHARED_SHARE = 0.75;

type Release = () => void | Promise<void>;

/** Runs this process as a worker. Never resolves: the process ends as planned. */
export async function runWorker(): Promise<void> {
  const plan = JSON.parse(process.env[WORKER_VARIABLE]!) as WorkerPlan;
  const random = newRandom(plan.seed);
  if (plan.ending === 'terminate' && isMainThread) return terminateThread(random);
  const witness = new Witness(plan.directory, plan.ending === 'terminate');
  process.on('exit', () => witness.removeMarker());
  for (;;) await runRound(plan, random, witness);
}

/** Runs the rounds in a thread and terminates it at a random point. */
async function terminateThread(random: Random): Promise<void> {
  const thread = new Worker(process.argv[1]!, { argv: process.argv.slice(2), stdout: false });
  await new Promise((resolve) => thread.once('online', resolve));
  await sleep(random() * MAX_THREAD_LIFETIME_MS);
  await thread.terminate();
  process.exit();
}

async function runRound(plan: WorkerPlan, random: Random, witness: Witness): Promise<void> {
  const shared = plan.mode === 'shared' && random() < SHARED_SHARE;
  writeState('w');
  const release = plan.sabotage ? () => {} : await acquire(plan, shared);
  writeState('h');
  if (shared) witness.enterShared();
  else witness.enter();
  await sleep(random() * WORK_MS);
  if (random() < LAST_SHARE) end(plan.ending);
  if (shared) witness.leaveShared();
  else witness.leave();
  writeState('r');
  await release();
  await sleep(random() * PAUSE_MS);
}

async function acquire({ mode, directory, port }: WorkerPlan, shared: boolean): Promise<Release> {
  if (mode === 'bind') return bind(port);
  if (mode === 'gateway') return startGateway(directory, port);
  const options = { timeoutMs: Number.POSITIVE_INFINITY, keepFile: false } as const;
  const lock = await acquireLock(join(directory, 'the.lock'), { ...options, mode: shared ? 'shared' : 'exclusive' });
  return () => lock.release();
}

async function startGateway(directory: string, port: number): Promise<Release> {
  for (;;) {
    try {
      const options = { stateDir: join(directory, 'state'), lockDir: join(directory, 'locks'), port };
      const gateway = await acquireGatewayLock({ ...options, timeoutMs: 60_000, whenListening: 'wait' });
      return () => gateway.close({ graceMs: 0 });
    } catch (error) {
      // The previous gateway is still exiting and uses the port.
      if (!String((error as NodeJS.ErrnoException).code).startsWith('ERR_GATEWAY_PORT')) throw error;
      await sleep(BIND_PAUSE_MS);
    }
  }
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

function end(ending: Ending): void {
  if (ending === 'exit') process.exit(0);
  if (ending === 'abort') process.abort();
  if (ending === 'throw') throw new Error('thrown on purpose');
}

function writeState(letter: string): void {
  try {
    writeSync(1, letter);
  } catch {
    process.exit(); // The driver has ended.
  }
}

function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
