// The driver of a stress run: starts, ends and replaces worker processes, and counts the results.
import type { WorkerState } from './announcement.js';
import { Lineage } from './lineage.js';
import { ENDED_BY_DRIVER, type Ending, newRandom, type Random, type StressOptions } from './plan.js';
import { WorkerStarter } from './start-worker.js';
import { Upgrades } from './upgrades.js';
import { type Findings, JournalReader } from './witness.js';
import type { WorkerProcess } from './worker-process.js';

/** The lock is considered stuck if no process acquires it for this many milliseconds. */
const STUCK_MS = 30_000;
const CHECK_MS = 500;
/** Longest time that a process holds the lock before the driver ends it, in milliseconds. */
const MAX_HELD_MS = 3;
/**
 * Same as MAX_HELD_MS, but for a gateway in mode `upgrade`, as a multiple of the time that an
 * upgrade takes: half of the upgrades are interrupted.
 */
const MAX_HELD_UPGRADES = 2;
/**
 * Share of holds that the driver does not interrupt. On a busy machine a round takes longer than
 * MAX_HELD_MS, and otherwise no process would complete one. Not in mode `upgrade`, where a process
 * holds the lock only once.
 */
const SPARED_SHARE = 0.5;
/**
 * How many processes may end beyond the number in the options, if none has completed a round before.
 */
const MAX_MORE_ENDS = 100;
const MAX_STOPPED_MS = 10;
/**
 * Time after which the driver ends a process that has not acquired the lock, in milliseconds after
 * its first report.
 */
const MAX_WAIT_MS = 3000;
/** Same as MAX_WAIT_MS, but in mode `upgrade`, as a multiple of the time that an upgrade takes. */
const MAX_WAIT_UPGRADES = 10;
/** Same as MAX_WAIT_MS, but for a process that has not reported anything. */
const MAX_START_MS = 20_000;
/**
 * Share of processes that the driver ends at a random time after their first report, whatever their
 * state. Before that report, a process has not used the lock.
 */
const EARLY_SHARE = 0.3;
const EARLY_MS = 15;
/** Time within which all processes end after they have been killed, in milliseconds. */
const KILLED_MS = 10_000;
const MAX_LATENCIES = 20_000;
/** The counts of one stress run. */
export interface Tally {
  readonly startedAt: number;
  /** Number of worker processes that ended. */
  ends: number;
  /** Number of native workers that were started. */
  native: number;
  readonly byState: Partial<Record<WorkerState, number>>;
  readonly byEnding: Partial<Record<Ending | 'replaced', number>>;
  /** Times from the end of a holder to the next holder, in milliseconds. */
  readonly handOverMs: number[];
  readonly upgrades: Upgrades;
  stuck: boolean;
  interruptedBy: NodeJS.Signals | null;
  failures: string[];
  findings: Findings;
}

/** Returns true once a round is complete, and in mode `upgrade` also an upgrade. */
export function hasWorked({ mode }: StressOptions, { entries }: Findings, { upgrades }: Tally): boolean {
  return entries > 0 && (mode !== 'upgrade' || upgrades.counts().upgraded > 0);
}

/** Runs one stress test. */
export class StressDriver {
  readonly tally: Tally = {
    startedAt: performance.now(),
    ends: 0,
    native: 0,
    byState: { starting: 0, waiting: 0, holding: 0, releasing: 0 },
    byEnding: {},
    handOverMs: [],
    upgrades: new Upgrades(),
    stuck: false,
    interruptedBy: null,
    failures: [],
    findings: { entries: 0, countedTwice: [], intruders: [] },
  };
  readonly #options: StressOptions;
  readonly #random: Random;
  readonly #journal: JournalReader;
  readonly #lineages = new Set<Lineage>();
  readonly #workers = new Set<WorkerProcess>();
  readonly #starter: WorkerStarter;
  readonly #finished: Promise<void>;
  #stopped = false;
  #finish!: () => void;
  #holderEndedAt = 0;
  #lastAcquireAt = performance.now();

  constructor(options: StressOptions) {
    this.#options = options;
    this.#random = newRandom(options.seed);
    this.#starter = new WorkerStarter(options, this.#random);
    this.#journal = new JournalReader(options.directory);
    this.#finished = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
  }

  /**
   * Runs until the time limit is reached, enough processes have ended, something has failed, or
   * {@link stop} is called.
   */
  async run(): Promise<void> {
    const check = setInterval(() => this.#check(), CHECK_MS);
    this.#startMissing();
    await this.#finished;
    clearInterval(check);
    await this.#endAll();
    this.tally.findings = this.#journal.read();
  }

  /** Ends the run. `signal` is the signal that has interrupted it, if any. */
  stop(signal: NodeJS.Signals | null = null): void {
    if (!this.#stopped) this.tally.interruptedBy = signal;
    this.#stopped = true;
    this.#finish();
  }

  #startMissing(): void {
    while (!this.#stopped && this.#workers.size < this.#options.workers) this.#start();
  }

  #start(): void {
    const { child, ending, isNative } = this.#starter.start();
    if (isNative) this.tally.native++;
    const lineage = new Lineage(child, ending, this.#options.mode, this.tally.upgrades, {
      successor: (worker) => this.#add(worker),
      state: (worker, state) => this.#onState(worker, state),
      end: (worker, failure) => this.#onEnd(worker, failure),
      failure: (text) => this.#fail(text),
    });
    this.#lineages.add(lineage);
    void lineage.closed.then(() => this.#lineages.delete(lineage));
    this.#add(lineage.root);
  }

  #add(worker: WorkerProcess): void {
    this.#workers.add(worker);
    if (this.#stopped) worker.kill();
    else this.#endAfter(worker, MAX_START_MS);
  }

  /** Decides when a process ends that never acquires the lock. */
  #onFirstReport(worker: WorkerProcess): void {
    worker.hasReported = true;
    // An upgrade takes at least as long as the start of a process.
    this.tally.upgrades.expectAtLeast(performance.now() - worker.startedAt);
    worker.isEndScheduled = this.#random() < EARLY_SHARE && ENDED_BY_DRIVER.has(worker.ending);
    this.#endAfter(worker, worker.isEndScheduled ? this.#random() * EARLY_MS : this.#maxWaitMs());
  }

  #onState(worker: WorkerProcess, state: WorkerState): void {
    if (!worker.hasReported) this.#onFirstReport(worker);
    if (state !== 'holding') return;
    const now = performance.now();
    this.#lastAcquireAt = now;
    if (this.#holderEndedAt > 0 && this.tally.handOverMs.length < MAX_LATENCIES) {
      this.tally.handOverMs.push(now - this.#holderEndedAt);
    }
    this.#holderEndedAt = 0;
    if (worker.isEndScheduled || !ENDED_BY_DRIVER.has(worker.ending) || this.#isSpared()) return;
    worker.isEndScheduled = true;
    this.#endAfter(worker, this.#random() * this.#maxHeldMs());
  }

  #isSpared(): boolean {
    return this.#options.mode !== 'upgrade' && this.#random() < SPARED_SHARE;
  }

  #maxHeldMs(): number {
    const { mode } = this.#options;
    return mode === 'upgrade' ? MAX_HELD_UPGRADES * this.tally.upgrades.expectedMs : MAX_HELD_MS;
  }

  #maxWaitMs(): number {
    const { mode } = this.#options;
    return mode === 'upgrade' ? Math.max(MAX_WAIT_MS, MAX_WAIT_UPGRADES * this.tally.upgrades.expectedMs) : MAX_WAIT_MS;
  }

  #endAfter(worker: WorkerProcess, delayMs: number): void {
    setTimeout(() => this.#end(worker), delayMs).unref();
  }

  #end(worker: WorkerProcess): void {
    if (!worker.process.isRunning) return;
    if (worker.state === 'holding' || worker.state === 'upgrading') this.#holderEndedAt = performance.now();
    worker.end(this.#random() * MAX_STOPPED_MS);
  }

  #onEnd(worker: WorkerProcess, failure: string | null): void {
    this.#workers.delete(worker);
    if (this.#stopped) return;
    const { tally } = this;
    const { state } = worker;
    const end = worker.isReplaced ? 'replaced' : worker.ending;
    tally.ends++;
    tally.byState[state] = (tally.byState[state] ?? 0) + 1;
    tally.byEnding[end] = (tally.byEnding[end] ?? 0) + 1;
    if (failure !== null) this.#fail(failure);
    if (this.#haveEnoughEnded()) this.stop();
    this.#startMissing();
  }

  #haveEnoughEnded(): boolean {
    const more = this.tally.ends - this.#options.kills;
    return more >= 0 && (more >= MAX_MORE_ENDS || hasWorked(this.#options, this.#journal.read(), this.tally));
  }

  #fail(text: string): void {
    this.tally.failures.push(text);
    this.stop();
  }

  #check(): void {
    const { seconds } = this.#options;
    const now = performance.now();
    this.tally.stuck = now - this.#lastAcquireAt > STUCK_MS;
    const { countedTwice, intruders } = this.#journal.read();
    const failed = countedTwice.length > 0 || intruders.length > 0;
    if (failed || this.tally.stuck || now - this.tally.startedAt >= seconds * 1000) this.stop();
  }

  /**
   * Kills all processes. A successor that has not reported its pid is killed as soon as it does: see
   * {@link #add}. A process that reports nothing ends itself, because it cannot write to the pipe.
   */
  async #endAll(): Promise<void> {
    for (const lineage of this.#lineages) lineage.kill();
    const closed = Promise.all([...this.#lineages].map((lineage) => lineage.closed));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.tally.failures.push(`a worker process has not ended ${KILLED_MS} ms after it was killed`);
        resolve();
      }, KILLED_MS);
    });
    await Promise.race([closed, late]);
    clearTimeout(timer);
  }
}
