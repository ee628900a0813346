// Starts contenders, ends them, replaces them, and keeps the figures.
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { bindExclusive, signalsCanBeRelayed } from '../../../index.js';
import { CONTENDER_VARIABLE, type ContenderPlan } from './contender.js';
import { chooseEnding, type Ending, FROM_OUTSIDE, newRandom, type Random, type StressOptions } from './plan.js';
import { type Findings, JournalReader } from './witness.js';

/** Milliseconds. */
const NO_ENTRY_MS = 30_000;
const CHECK_MS = 500;
const MOST_DELAY_MS = 6;
const STOPPED_MS = 10;
/** A contender that never gets in is ended too. */
const MOST_LIFE_MS = 3000;
/** This share of the contenders is ended before it holds anything, or in a later round. */
const EARLY_SHARE = 0.3;
const EARLY_MS = 120;
/** The small holder starts in a millisecond. */
const EARLY_HOLDER_MS = 15;
/** How many latencies are kept. */
const MOST_LATENCIES = 20_000;
/** A program that is started as a contender in place of Node (scripts/stress.mjs). */
const HOLDER_VARIABLE = 'GATEWAY_LOCK_STRESS_HOLDER';
const HOLDER_SHARE = 0.98;

export type Phase = 'starting' | 'waiting' | 'holding' | 'releasing';
const PHASES: Readonly<Record<string, Phase>> = { w: 'waiting', h: 'holding', r: 'releasing' };

export interface Tally {
  readonly startedAt: number;
  ends: number;
  readonly byPhase: Record<Phase, number>;
  readonly byEnding: Partial<Record<Ending, number>>;
  /** From the end of a holder to the next holder, in milliseconds. */
  readonly handOverMs: number[];
  stuck: boolean;
  failures: string[];
  findings: Findings;
}

interface Contender {
  readonly child: ChildProcess;
  readonly ending: Ending;
  phase: Phase;
  doomed: boolean;
  errors: string;
}

export class StressDriver {
  readonly tally: Tally = {
    startedAt: performance.now(),
    ends: 0,
    byPhase: { starting: 0, waiting: 0, holding: 0, releasing: 0 },
    byEnding: {},
    handOverMs: [],
    stuck: false,
    failures: [],
    findings: { entries: 0, countedTwice: [], intruders: [] },
  };
  readonly #options: StressOptions;
  readonly #random: Random;
  readonly #journal: JournalReader;
  readonly #contenders = new Set<Contender>();
  readonly #port: number;
  #over = false;
  #finish!: () => void;
  #holderEndedAt = 0;
  #lastEntryAt = performance.now();

  constructor(options: StressOptions) {
    this.#options = options;
    this.#random = newRandom(options.seed);
    this.#journal = new JournalReader(options.directory);
    const listener = bindExclusive({ port: 0 });
    this.#port = listener.address.port;
    void listener.close();
  }

  async run(): Promise<void> {
    const finished = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    const check = setInterval(() => this.#check(), CHECK_MS);
    for (let number = 0; number < this.#options.contenders; number++) this.#start();
    await finished;
    clearInterval(check);
    await this.#endAll();
    this.tally.findings = this.#journal.read();
  }

  #start(): void {
    const ending = chooseEnding(this.#random);
    const program = this.#program(ending);
    const child = this.#spawn(ending, program);
    const contender: Contender = { child, ending, phase: 'starting', doomed: false, errors: '' };
    this.#contenders.add(contender);
    child.stdout?.on('data', (chunk: Buffer) => {
      for (const letter of chunk.toString('latin1')) this.#hear(contender, letter);
    });
    child.stderr?.on('data', (chunk) => (contender.errors = `${contender.errors}${chunk}`.slice(-2000)));
    child.once('error', (error) => this.tally.failures.push(String(error)));
    child.once('close', (code, signal) => this.#bury(contender, code, signal));
    const early = this.#random() < EARLY_SHARE && FROM_OUTSIDE.has(ending);
    const earlyMs = program === undefined ? EARLY_MS : EARLY_HOLDER_MS;
    this.#doom(contender, early ? this.#random() * earlyMs : MOST_LIFE_MS);
    contender.doomed = early;
  }

  /** The small holder, or undefined for a contender in Node. */
  #program(ending: Ending): string | undefined {
    const chosen = this.#options.mode === 'lock' && FROM_OUTSIDE.has(ending) && this.#random() < HOLDER_SHARE;
    return chosen ? process.env[HOLDER_VARIABLE] : undefined;
  }

  #spawn(ending: Ending, program: string | undefined): ChildProcess {
    const { mode, sabotage, directory } = this.#options;
    const seed = Math.floor(this.#random() * 0x7fffffff);
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe'];
    if (program !== undefined)
      return spawn(program, [directory, String(seed), sabotage ? 'sabotage' : 'lock'], { stdio });
    const plan: ContenderPlan = { mode, sabotage, directory, ending, seed, port: this.#port };
    const env = { ...process.env, [CONTENDER_VARIABLE]: JSON.stringify(plan) };
    return spawn(process.execPath, [process.argv[1]!, 'stress'], { stdio, env });
  }

  #hear(contender: Contender, letter: string): void {
    contender.phase = PHASES[letter] ?? contender.phase;
    if (letter !== 'h') return;
    const now = performance.now();
    this.#lastEntryAt = now;
    if (this.#holderEndedAt > 0 && this.tally.handOverMs.length < MOST_LATENCIES) {
      this.tally.handOverMs.push(now - this.#holderEndedAt);
    }
    this.#holderEndedAt = 0;
    if (contender.doomed || !FROM_OUTSIDE.has(contender.ending)) return;
    contender.doomed = true;
    this.#doom(contender, this.#random() * MOST_DELAY_MS);
  }

  #doom(contender: Contender, delayMs: number): void {
    setTimeout(() => this.#end(contender), delayMs).unref();
  }

  #end(contender: Contender): void {
    const { child, ending, phase } = contender;
    if (child.exitCode !== null || child.signalCode !== null) return;
    if (phase === 'holding') this.#holderEndedAt = performance.now();
    if (ending !== 'stop') child.kill(ending === 'term' ? 'SIGTERM' : 'SIGKILL');
    if (ending !== 'stop') return;
    child.kill('SIGSTOP');
    setTimeout(() => {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
    }, this.#random() * STOPPED_MS);
  }

  #bury(contender: Contender, code: number | null, signal: NodeJS.Signals | null): void {
    this.#contenders.delete(contender);
    if (this.#over) return;
    const { tally } = this;
    tally.ends++;
    tally.byPhase[contender.phase]++;
    tally.byEnding[contender.ending] = (tally.byEnding[contender.ending] ?? 0) + 1;
    const intended = signal !== null || code === 0 || contender.ending === 'throw' || !signalsCanBeRelayed;
    if (!intended) tally.failures.push(`a contender ended with ${code}: ${contender.errors}`);
    if (tally.ends >= this.#options.kills || tally.failures.length > 0) this.#stop();
    else this.#start();
  }

  #check(): void {
    const { seconds } = this.#options;
    const now = performance.now();
    this.tally.stuck = now - this.#lastEntryAt > NO_ENTRY_MS;
    const { countedTwice, intruders } = this.#journal.read();
    const noticed = countedTwice.length > 0 || intruders.length > 0;
    if (noticed || this.tally.stuck || now - this.tally.startedAt >= seconds * 1000) this.#stop();
  }

  #stop(): void {
    this.#over = true;
    this.#finish();
  }

  async #endAll(): Promise<void> {
    const ended = [...this.#contenders].map(({ child }) => new Promise((resolve) => child.once('close', resolve)));
    for (const { child } of this.#contenders) child.kill('SIGKILL');
    await Promise.all(ended);
  }
}
