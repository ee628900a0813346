// A child process of the driver and, in mode `upgrade`, its successors, which share its stdout and
// stderr.
import type { ChildProcess } from 'node:child_process';
import { signalsCanBeRelayed } from '../../../internal.js';
import { type Announcement, isEnding, isState, parseAnnouncement, stateOf, type WorkerState } from './announcement.js';
import type { Ending, StressOptions } from './plan.js';
import type { Upgrades } from './upgrades.js';
import { handleOf, handleOfChild, WorkerProcess } from './worker-process.js';

const CHECK_MS = 20;
const MAX_STDERR_LENGTH = 2000;
/** Longest incomplete line, in characters, that is kept. */
const MAX_LINE_LENGTH = 4096;

/** What the driver does when a process of a lineage reports something, or has ended. */
export interface LineageEvents {
  successor(worker: WorkerProcess): void;
  state(worker: WorkerProcess, state: WorkerState): void;
  /** `failure` is null if the process ended as it should. */
  end(worker: WorkerProcess, failure: string | null): void;
  failure(text: string): void;
}

export class Lineage {
  /** The child process of the driver. */
  readonly root: WorkerProcess;
  /** Resolves when all processes of the lineage have ended. */
  readonly closed: Promise<void>;
  readonly #child: ChildProcess;
  readonly #events: LineageEvents;
  readonly #upgrades: Upgrades;
  readonly #running = new Map<number, WorkerProcess>();
  /** Processes that have ended, and whose last lines may still be in the pipe. */
  readonly #ended = new Set<WorkerProcess>();
  #stderr = '';
  #rest = '';

  constructor(
    child: ChildProcess,
    ending: Ending,
    mode: StressOptions['mode'],
    upgrades: Upgrades,
    events: LineageEvents,
  ) {
    this.#child = child;
    this.#events = events;
    this.#upgrades = upgrades;
    this.root = new WorkerProcess(handleOfChild(child), ending);
    this.#running.set(this.root.pid, this.root);
    child.stderr?.on('data', (chunk) => (this.#stderr = `${this.#stderr}${chunk}`.slice(-MAX_STDERR_LENGTH)));
    child.once('error', (error) => events.failure(String(error)));
    this.closed = new Promise((resolve) => child.once('close', () => resolve()));
    if (mode === 'upgrade') this.#followSuccessors();
    else this.#followChild();
  }

  /** Kills every known process of the lineage. */
  kill(): void {
    for (const worker of this.#running.values()) worker.kill();
  }

  #followChild(): void {
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      for (const letter of chunk.toString('latin1')) this.#setState(this.root, stateOf(letter));
    });
    void this.closed.then(() => this.#end(this.root));
  }

  #followSuccessors(): void {
    this.#child.stdout?.setEncoding('latin1').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop()!.slice(0, MAX_LINE_LENGTH);
      for (const line of lines) this.#read(parseAnnouncement(line));
    });
    const check = setInterval(() => this.#check(), CHECK_MS);
    void this.closed.then(() => {
      clearInterval(check);
      for (const worker of this.#running.values()) this.#end(worker);
    });
  }

  /** Finds processes that have ended. Judges a process only one check later: see {@link #ended}. */
  #check(): void {
    for (const worker of this.#ended) this.#end(worker);
    for (const worker of this.#running.values()) if (!worker.process.isRunning) this.#ended.add(worker);
  }

  #read(announcement: Announcement): void {
    const { pid, word, detail } = announcement;
    if (word === 'successor') this.#addSuccessor(announcement);
    const worker = this.#running.get(pid);
    if (worker === undefined) return;
    if (isState(word)) this.#setState(worker, word);
    if (word === 'leaving') worker.isLeaving = true;
    if (word === 'outcome') this.#setOutcome(worker, detail);
    if (word === 'failed') this.#events.failure(`a worker process failed: ${detail}`);
  }

  #addSuccessor({ pid, startToken, detail }: Announcement): void {
    const [predecessor, ending] = detail.split(' ');
    const worker = new WorkerProcess(handleOf(pid, startToken), isEnding(ending!) ? ending : 'kill');
    this.#upgrades.addSuccessor(Number(predecessor), worker);
    this.#running.set(pid, worker);
    this.#events.successor(worker);
  }

  #setState(worker: WorkerProcess, state: WorkerState | undefined): void {
    if (state === undefined) return;
    worker.state = state;
    if (state === 'holding') worker.hasHeld = true;
    this.#upgrades.note(worker, state);
    this.#events.state(worker, state);
  }

  #setOutcome(worker: WorkerProcess, outcome: string): void {
    this.#upgrades.end(worker, outcome);
    if (outcome !== 'upgraded') return;
    worker.isReplaced = true;
    worker.state = 'releasing';
  }

  #end(worker: WorkerProcess): void {
    this.#ended.delete(worker);
    this.#running.delete(worker.pid);
    this.#upgrades.remove(worker);
    this.#events.end(worker, this.#failureOf(worker));
  }

  #failureOf(worker: WorkerProcess): string | null {
    const isRoot = worker === this.root;
    const text = isRoot ? this.#failureOfChild() : this.#failureOfSuccessor(worker);
    return text === null ? null : `a worker process ended ${text}: ${this.#stderr}`;
  }

  #failureOfChild(): string | null {
    const { exitCode, signalCode } = this.#child;
    const expected = signalCode !== null || exitCode === 0 || this.root.ending === 'throw' || !signalsCanBeRelayed;
    return expected ? null : `with exit code ${exitCode}`;
  }

  /** A successor that has never held the lock is ended by its predecessor if the upgrade fails. */
  #failureOfSuccessor({ isEndedByDriver, isLeaving, isReplaced, hasHeld }: WorkerProcess): string | null {
    return isEndedByDriver || isLeaving || isReplaced || !hasHeld ? null : 'without a reason';
  }
}
