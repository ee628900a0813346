// A contender of a stress run: acquires, works under the eyes of the witnesses, releases, again and again, until it ends in the way
// that it was told. Says on stdout where it is: w waits, h holds, r releases.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, Worker } from 'node:worker_threads';
import { acquireGatewayLock, acquireLock, bindExclusive } from '../../../index.js';
import { type Ending, newRandom, type Random, type StressOptions } from './plan.js';
import { Witness } from './witness.js';

/** In the environment of a contender: a {@link ContenderPlan} as JSON. */
export const CONTENDER_VARIABLE = 'GATEWAY_LOCK_STRESS_CONTENDER';

export interface ContenderPlan extends Pick<StressOptions, 'mode' | 'sabotage' | 'directory' | 'seed'> {
  readonly ending: Ending;
  readonly port: number;
}

/** Milliseconds. */
const WORK_MS = 3;
const PAUSE_MS = 2;
const BIND_PAUSE_MS = 1;
const WORKER_LIFE_MS = 30;
/** Of ten entries, one is the last of a contender that ends by itself. */
const LAST_SHARE = 0.3;
/** One contender in four holds the lock in shared mode, in the mode `shared`. */
const SHARED_SHARE = 0.75;

type Release = () => void | Promise<void>;

export async function runContender(): Promise<void> {
  const plan = JSON.parse(process.env[CONTENDER_VARIABLE]!) as ContenderPlan;
  const random = newRandom(plan.seed);
  if (plan.ending === 'terminate' && isMainThread) return endWorker(random);
  const witness = new Witness(plan.directory, plan.ending === 'terminate');
  process.on('exit', () => witness.abandon());
  for (;;) await enterOnce(plan, random, witness);
}

async function endWorker(random: Random): Promise<void> {
  const worker = new Worker(process.argv[1]!, { argv: process.argv.slice(2), stdout: false });
  // From the first entry on: at any point of its life.
  await new Promise((resolve) => worker.once('online', resolve));
  await sleep(random() * WORKER_LIFE_MS);
  await worker.terminate();
  process.exit();
}

async function enterOnce(plan: ContenderPlan, random: Random, witness: Witness): Promise<void> {
  const shared = plan.mode === 'shared' && random() < SHARED_SHARE;
  say('w');
  const release = plan.sabotage ? () => {} : await acquire(plan, shared);
  say('h');
  if (shared) witness.look();
  else witness.enter();
  await sleep(random() * WORK_MS);
  if (random() < LAST_SHARE) end(plan.ending);
  if (shared) witness.lookAgain();
  else witness.leave();
  say('r');
  await release();
  await sleep(random() * PAUSE_MS);
}

async function acquire({ mode, directory, port }: ContenderPlan, shared: boolean): Promise<Release> {
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
      // The port of a gateway that is dying.
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

function say(state: string): void {
  try {
    writeSync(1, state);
  } catch {
    process.exit(); // The driver has ended.
  }
}

function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
