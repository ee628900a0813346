// Counts the upgrades of a stress run in mode `upgrade`.
import type { WorkerState } from './announcement.js';
import type { WorkerProcess } from './worker-process.js';

/** The upgrades of a run. */
export interface UpgradeCounts {
  readonly started: number;
  /** The old gateway has reported that the successor replaces it. */
  readonly upgraded: number;
  /** The old gateway was kept, by the reason that `upgrade()` returned. */
  readonly kept: Readonly<Record<string, number>>;
  /** The old gateway ended during the upgrade. */
  readonly interrupted: number;
  /** The number of interrupted upgrades after which the successor became the gateway. */
  readonly takenOver: number;
}

/** One upgrade. */
interface Upgrade {
  readonly startedAt: number;
  /** What the old gateway has reported. Null if it ended before. */
  outcome: string | null;
  hasSuccessorHeld: boolean;
}

const MAX_DURATIONS = 20_000;

export class Upgrades {
  /** Times from the start of an upgrade until the successor is the gateway, in milliseconds. */
  readonly durationsMs: number[] = [];
  readonly #upgrades: Upgrade[] = [];
  /** The last upgrade of each gateway, by pid. Kept after the end of the gateway. */
  readonly #ofPredecessor = new Map<number, Upgrade>();
  readonly #ofSuccessor = new Map<WorkerProcess, Upgrade>();
  #expectedMs = 200;

  /** How long an upgrade is expected to take, in milliseconds. */
  get expectedMs(): number {
    return this.#expectedMs;
  }

  /** Tells how long an upgrade takes at least. Has no effect once an upgrade has been measured. */
  expectAtLeast(leastMs: number): void {
    if (this.durationsMs.length === 0) this.#expectedMs = Math.max(this.#expectedMs, leastMs);
  }

  /** Notes that a process has reported a state. */
  note(worker: WorkerProcess, state: WorkerState): void {
    if (state === 'upgrading') this.#start(worker);
    if (state === 'holding') this.#complete(worker);
  }

  /** Notes that a process is the successor of the gateway with this pid, which may have ended. */
  addSuccessor(predecessor: number, successor: WorkerProcess): void {
    const upgrade = this.#ofPredecessor.get(predecessor);
    if (upgrade !== undefined) this.#ofSuccessor.set(successor, upgrade);
  }

  /** Notes what a gateway has reported on the end of its upgrade. */
  end(predecessor: WorkerProcess, outcome: string): void {
    const upgrade = this.#ofPredecessor.get(predecessor.pid);
    if (upgrade !== undefined) upgrade.outcome = outcome;
  }

  /** Notes that a process has ended. */
  remove(worker: WorkerProcess): void {
    // A run that interrupts all upgrades could not measure how long an upgrade takes.
    if (worker.state === 'upgrading') this.#expectedMs *= 1.1;
    this.#ofSuccessor.delete(worker);
  }

  counts(): UpgradeCounts {
    const kept: Record<string, number> = {};
    for (const { outcome } of this.#upgrades) {
      if (outcome !== null && outcome !== 'upgraded') kept[outcome] = (kept[outcome] ?? 0) + 1;
    }
    const interrupted = this.#upgrades.filter(({ outcome }) => outcome === null);
    return {
      started: this.#upgrades.length,
      upgraded: this.#upgrades.filter(({ outcome }) => outcome === 'upgraded').length,
      kept,
      interrupted: interrupted.length,
      takenOver: interrupted.filter(({ hasSuccessorHeld }) => hasSuccessorHeld).length,
    };
  }

  #start(worker: WorkerProcess): void {
    const upgrade: Upgrade = { startedAt: performance.now(), outcome: null, hasSuccessorHeld: false };
    this.#upgrades.push(upgrade);
    this.#ofPredecessor.set(worker.pid, upgrade);
  }

  #complete(successor: WorkerProcess): void {
    const upgrade = this.#ofSuccessor.get(successor);
    if (upgrade === undefined) return;
    upgrade.hasSuccessorHeld = true;
    this.#ofSuccessor.delete(successor);
    const durationMs = performance.now() - upgrade.startedAt;
    this.#expectedMs += (durationMs - this.#expectedMs) / 4;
    if (this.durationsMs.length < MAX_DURATIONS) this.durationsMs.push(durationMs);
  }
}
