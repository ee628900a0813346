// A worker process in mode `upgrade`: a gateway that replaces itself by successors, or waits to
// become the gateway. Only the process that may write the state enters the witnesses: the gateway
// leaves them in the drain of the upgrade, and its successor enters them after ready().
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayLock } from '../../../index.js';
import { native, programsInherit } from '../../../internal.js';
import { type Announcement, announce } from './announcement.js';
import { chooseEnding, type Ending, type Random } from './plan.js';
import { startGateway } from './stress-gateway.js';
import type { Witness } from './witness.js';
import { end, LAST_SHARE, PAUSE_MS, PLANNED_ERROR, WORK_MS, WORKER_VARIABLE, type WorkerPlan } from './worker-plan.js';

/** Share of rounds in which a gateway closes, so that another process becomes the gateway. */
const CLOSE_SHARE = 0.05;
/** Share of upgrades with a time limit that the successor may exceed. */
const IMPATIENT_SHARE = 0.1;
const MAX_IMPATIENT_MS = 200;
const READY_TIMEOUT_MS = 60_000;
/** Longest time from the start of an upgrade until the process ends itself, in milliseconds. */
const MAX_LAST_MS = 300;

/** Runs this process as a gateway. Never resolves: the process ends as planned. */
export async function runUpgrades(plan: WorkerPlan, random: Random, witness: Witness): Promise<void> {
  if (plan.predecessor !== null) tell('successor', `${plan.predecessor} ${plan.ending}`);
  let isSuccessor = plan.predecessor !== null;
  try {
    for (;;) {
      const entersEarly = plan.sabotage && isSuccessor;
      tell(isSuccessor ? 'adopting' : 'waiting');
      await new UpgradingWorker(plan, random, witness).run(entersEarly);
      isSuccessor = false;
    }
  } catch (error) {
    if (error === PLANNED_ERROR) throw error;
    tell('failed', String((error as Error).stack ?? error));
    process.exit(1);
  }
}

class UpgradingWorker {
  readonly #plan: WorkerPlan;
  readonly #random: Random;
  readonly #witness: Witness;
  #gateway!: GatewayLock;

  constructor(plan: WorkerPlan, random: Random, witness: Witness) {
    this.#plan = plan;
    this.#random = random;
    this.#witness = witness;
  }

  /** Becomes the gateway, upgrades, and resolves after it has closed the gateway instead. */
  async run(entersEarly: boolean): Promise<void> {
    if (entersEarly) this.#witness.enter();
    this.#gateway = await startGateway(this.#plan.directory, this.#plan.port);
    await this.#gateway.ready();
    tell('holding');
    if (!entersEarly) this.#witness.enter();
    await this.#gateway.listen(createServer((socket) => socket.destroy()));
    while (await this.#serve()) await this.#upgrade();
    await this.#close();
  }

  /** Works as the gateway. Returns false if the gateway should close. */
  async #serve(): Promise<boolean> {
    await sleep(this.#random() * WORK_MS);
    if (this.#random() < LAST_SHARE) leave(this.#plan.ending);
    return this.#random() >= CLOSE_SHARE;
  }

  async #upgrade(): Promise<void> {
    tell('upgrading');
    const timer = setTimeout(() => leave(this.#plan.ending), this.#random() * MAX_LAST_MS);
    let left = false;
    const drain = async (connectionsEnded: Promise<void>) => {
      tell('draining');
      await connectionsEnded;
      await sleep(this.#random() * PAUSE_MS);
      this.#witness.leave();
      left = true;
      await sleep(this.#random() * PAUSE_MS);
    };
    const outcome = await this.#gateway.upgrade({ env: this.#environment(), graceMs: 10, drain, ...this.#patience() });
    clearTimeout(timer);
    if (outcome.outcome === 'upgraded') this.#exit();
    tell('outcome', outcome.reason);
    tell('holding');
    if (left) this.#witness.enter();
    // Until the successor has exited, an upgrade is refused at once.
    if (outcome.reason === 'in-progress') await sleep(this.#random() * MAX_LAST_MS);
  }

  #exit(): never {
    tell('outcome', 'upgraded');
    process.exit(0);
  }

  #patience(): { readonly readyTimeoutMs: number } {
    const isImpatient = this.#random() < IMPATIENT_SHARE;
    return { readyTimeoutMs: isImpatient ? this.#random() * MAX_IMPATIENT_MS : READY_TIMEOUT_MS };
  }

  /** Returns the environment of a successor, with its own plan. */
  #environment(): NodeJS.ProcessEnv {
    const seed = Math.floor(this.#random() * 0x7fffffff);
    const ending = successorEnding(this.#random);
    const plan: WorkerPlan = { ...this.#plan, seed, ending, predecessor: process.pid };
    return { ...process.env, [WORKER_VARIABLE]: JSON.stringify(plan) };
  }

  async #close(): Promise<void> {
    this.#witness.leave();
    tell('releasing');
    await this.#gateway.close({ graceMs: 0 });
    await sleep(this.#random() * PAUSE_MS);
  }
}

/** On Windows a thread cannot be a successor, because only the main thread has the IPC channel. */
function successorEnding(random: Random): Ending {
  const ending = chooseEnding(random);
  return ending === 'terminate' && !programsInherit ? 'kill' : ending;
}

/** Ends this process as planned. Returns if another process, or another thread, ends it. */
function leave(ending: Ending): void {
  if (['exit', 'throw', 'abort'].includes(ending)) tell('leaving');
  end(ending);
}

/** Writes a line about this process for the driver. */
export function tell(word: Announcement['word'], detail = ''): void {
  announce({ pid: process.pid, startToken: native().processStartToken(process.pid), word, detail });
}
