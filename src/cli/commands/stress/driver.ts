// The driver of a stress run: starts, ends and replaces worker processes, and counts the results.
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { bindExclusive } from '../../../index.js';
import { signalsCanBeRelayed } from '../../../internal.js';
import { chooseEnding, ENDED_BY_DRIVER, type Ending, newRandom, type Random, type StressOptions } from './plan.js';
import { type Findings, JournalReader } from './witness.js';
import { WORKER_VARIABLE, type WorkerPlan } from './worker.js';

/** The lock is considered stuck if no process acquires it for this many milliseconds. */
const STUCK_MS = 30_000;
const CHECK_MS = 500;
/** Longest time that a process holds the lock before the driver ends it, in milliseconds. */
const MAX_HELD_MS = 6;
const MAX_STOPPED_MS = 10;
/** Time after which the driver ends a process that has not acquired the lock, in milliseconds. */
const MAX_LIFETIME_MS = 3000;
/**
 * Share of processes that the driver ends at a random time after they start, whatever their state.
 */
const EARLY_SHARE = 0.3;
const EARLY_MS = 120;
/** Same as EARLY_MS, but for the native worker, which starts within 1 ms. */
const NATIVE_EARLY_MS = 15;
const MAX_LATENCIES = 20_000;
/** Environment variable with the path of the native worker that scripts/stress.mjs builds. */
const NATIVE_WORKER_VARIABLE = 'GATEWAY_LOCK_STRESS_HOLDER';
const NATIVE_SHARE = 0.98;

/** The state that a worker process last reported. */
export type WorkerState = 'starting' | 'waiting' | 'holding' | 'releasing';
const STATES: Readonly<Record<string, WorkerState>> = { w: 'waiting', h: 'holding', r: 'releasing' };

/** The counts of one stress run. */
export interface Tally {
  readonly startedAt: number;
  /** Number of worker processes that ended. */
  ends: number;
  readonly byState: Record<WorkerState, number>;
  readonly byEnding: Partial<Record<Ending, number>>;
  /** Times from the end of a holder to the next holder, in milliseconds. */
  readonly handOverMs: number[];
  stuck: boolean;
  failures: string[];
  findings: Findings;
}

interface WorkerProcess {
  readonly child: ChildProcess;
  readonly ending: Ending;
  state: WorkerState;
  /** True if the driver has scheduled the end of this process. */
  endScheduled: boolean;
  stderr: string;
}

/** Runs one stress test. */
export class StressDriver {
  readonly tally: Tally = {
    startedAt: performance.now(),
    ends: 0,
    byState: { starting: 0, waiting: 0, holding: 0, releasing: 0 },
    byEnding: {},
    handOverMs: [],
    stuck: false,
    failures: [],
    findings: { entries: 0, countedTwice: [], intruders: [] },
  };
  readonly #options: StressOptions;
  readonly #random: Random;
  readonly #journal: JournalReader;
  readonly #workers = new Set<WorkerProcess>();
  readonly #port: number;
  #stopped = false;
  #finish!: () => void;
  #holderEndedAt = 0;
  #lastAcquireAt = performance.now();

  constructor(options: StressOptions) {
    this.#options = options;
    this.#random = newRandom(options.seed);
    this.#journal = new JournalReader(options.directory);
    const listener = bindExclusive({ port: 0 });
    this.#port = listener.address.port;
    void listener.close();
  }

  /** Runs until the time limit is reached, enough processes have ended, or something has failed. */
  async run(): Promise<void> {
    const finished = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    const check = setInterval(() => this.#check(), CHECK_MS);
    for (let number = 0; number < this.#options.workers; number++) this.#start();
    await finished;
    clearInterval(check);
    await this.#endAll();
    this.tally.findings = this.#journal.read();
  }

  #start(): void {
    const ending = chooseEnding(this.#random);
    const program = this.#program(ending);
    const child = this.#spawn(ending, program);
    const early = this.#random() < EARLY_SHARE && ENDED_BY_DRIVER.has(ending);
    const earlyMs = program === undefined ? EARLY_MS : NATIVE_EARLY_MS;
    const worker: WorkerProcess = { child, ending, state: 'starting', endScheduled: early, stderr: '' };
    this.#workers.add(worker);
    child.stdout?.on('data', (chunk: Buffer) => {
      for (const letter of chunk.toString('latin1')) this.#onState(worker, letter);
    });
    child.stderr?.on('data', (chunk) => (worker.stderr = `${worker.stderr}${chunk}`.slice(-2000)));
    child.once('error', (error) => this.tally.failures.push(String(error)));
    child.once('close', (code, signal) => this.#onExit(worker, code, signal));
    this.#endAfter(worker, early ? this.#random() * earlyMs : MAX_LIFETIME_MS);
  }

  /** Returns the path of the native worker, or undefined if the worker runs in Node. */
  #program(ending: Ending): string | undefined {
    const chosen = this.#options.mode === 'lock' && ENDED_BY_DRIVER.has(ending) && this.#random() < NATIVE_SHARE;
    return chosen ? process.env[NATIVE_WORKER_VARIABLE] : undefined;
  }

  #spawn(ending: Ending, program: string | undefined): ChildProcess {
    const { mode, sabotage, directory } = this.#options;
    const seed = Math.floor(this.#random() * 0x7fffffff);
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe'];
    if (program !== undefined)
      return spawn(program, [directory, String(seed), sabotage ? 'sabotage' : 'lock'], { stdio });
    const plan: WorkerPlan = { mode, sabotage, directory, ending, seed, port: this.#port };
    const env = { ...process.env, [WORKER_VARIABLE]: JSON.stringify(plan) };
    return spawn(process.execPath, [process.argv[1]!, 'stress'], { stdio, env });
  }

  #onState(worker: WorkerProcess, letter: string): void {
    worker.state = STATES[letter] ?? worker.state;
    if (letter !== 'h') return;
    const now = performance.now();
    this.#lastAcquireAt = now;
    if (this.#holderEndedAt > 0 && this.tally.handOverMs.length < MAX_LATENCIES) {
      this.tally.handOverMs.push(now - this.#holderEndedAt);
    }
    this.#holderEndedAt = 0;
    if (worker.endScheduled || !ENDED_BY_DRIVER.has(worker.ending)) return;
    worker.endScheduled = true;
    this.#endAfter(worker, this.#random() * MAX_HELD_MS);
  }

  #endAfter(worker: WorkerProcess, delayMs: number): void {
    setTimeout(() => this.#end(worker), delayMs).unref();
  }

  #end({ child, ending, state }: WorkerProcess): void {
    if (child.exitCode !== null || child.signalCode !== null) return;
    if (state === 'holding') this.#holderEndedAt = performance.now();
    if (ending !== 'stop') child.kill(ending === 'term' ? 'SIGTERM' : 'SIGKILL');
    if (ending !== 'stop') return;
    child.kill('SIGSTOP');
    setTimeout(() => {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
    }, this.#random() * MAX_STOPPED_MS);
  }

  #onExit(worker: WorkerProcess, code: number | null, signal: NodeJS.Signals | null): void {
    this.#workers.delete(worker);
    if (this.#stopped) return;
    const { tally } = this;
    const { ending, state, stderr } = worker;
    tally.ends++;
    tally.byState[state]++;
    tally.byEnding[ending] = (tally.byEnding[ending] ?? 0) + 1;
    const expected = signal !== null || code === 0 || ending === 'throw' || !signalsCanBeRelayed;
    if (!expected) tally.failures.push(`a worker process ended with exit code ${code}: ${stderr}`);
    if (tally.ends >= this.#options.kills || tally.failures.length > 0) this.#stop();
    else this.#start();
  }

  #check(): void {
    const { seconds } = this.#options;
    const now = performance.now();
    this.tally.stuck = now - this.#lastAcquireAt > STUCK_MS;
    const { countedTwice, intruders } = this.#journal.read();
    const failed = countedTwice.length > 0 || intruders.length > 0;
    if (failed || this.tally.stuck || now - this.tally.startedAt >= seconds * 1000) this.#stop();
  }

  #stop(): void {
    this.#stopped = true;
    this.#finish();
  }

  async #endAll(): Promise<void> {
    const ended = [...this.#workers].map(({ child }) => new Promise((resolve) => child.once('close', resolve)));
    for (const { child } of this.#workers) child.kill('SIGKILL');
    await Promise.all(ended);
  }
}
