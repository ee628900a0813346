// The results of a stress run, its verdict and its progress bar.
import { arch, cpus, release, type } from 'node:os';
import type { WorkerState } from './announcement.js';
import { hasWorked, type Tally } from './driver.js';
import type { Ending, StressOptions } from './plan.js';
import type { UpgradeCounts } from './upgrades.js';

const BAR_COLUMNS = 30;
const DRAW_MS = 200;

/** The results that `--json` writes. */
export interface StressReport {
  readonly passed: boolean;
  /** The result as a sentence, which also appears on the page that `npm run stress` writes. */
  readonly verdict: string;
  readonly mode: StressOptions['mode'];
  readonly sabotage: boolean;
  readonly seed: number;
  /** Number of worker processes running at the same time. */
  readonly contenders: number;
  readonly system: string;
  readonly seconds: number;
  /** Number of worker processes that ended. */
  readonly kills: number;
  /** Number of workers that were the native program of `npm run stress`, which starts in 1 ms. */
  readonly nativeWorkers: number;
  /** Number of worker processes that ended, by the state they last reported. */
  readonly killsByPhase: Readonly<Partial<Record<WorkerState, number>>>;
  /** Number of worker processes that ended, by how. `replaced`: after an upgrade. */
  readonly killsByEnding: Readonly<Partial<Record<Ending | 'replaced', number>>>;
  /** Number of rounds (acquire, work, release) completed with an exclusive lock. */
  readonly entries: number;
  readonly doubleHolders: readonly string[];
  readonly countedTwice: readonly number[];
  readonly stuck: boolean;
  /** The signal that has ended the run early. Null if there was none. */
  readonly interruptedBy: NodeJS.Signals | null;
  readonly failures: readonly string[];
  /** Times from the end of a holder to the next holder, in milliseconds, sorted. */
  readonly handOverMs: readonly number[];
  /** Null unless the mode is `upgrade`. */
  readonly upgrades: UpgradeReport | null;
}

interface UpgradeReport extends UpgradeCounts {
  /** Times from the start of an upgrade until the successor was the gateway, in milliseconds, sorted. */
  readonly durationsMs: readonly number[];
}

export function reportOf(options: StressOptions, tally: Tally): StressReport {
  const { entries, countedTwice, intruders } = tally.findings;
  const caught = countedTwice.length > 0 || intruders.length > 0;
  const upgrades = options.mode === 'upgrade' ? upgradesOf(tally) : null;
  const isGood = !caught && !tally.stuck && hasWorked(options, tally.findings, tally);
  const asExpected = options.sabotage ? caught : isGood;
  const report = {
    passed: asExpected && tally.failures.length === 0,
    mode: options.mode,
    sabotage: options.sabotage,
    seed: options.seed,
    contenders: options.workers,
    system: `${type()} ${release()} ${arch()}, ${cpus().length} cores, Node ${process.versions.node}`,
    seconds: Math.round(performance.now() - tally.startedAt) / 1000,
    kills: tally.ends,
    nativeWorkers: tally.native,
    killsByPhase: tally.byState,
    killsByEnding: tally.byEnding,
    entries,
    doubleHolders: intruders.slice(0, 100),
    countedTwice: countedTwice.slice(0, 100),
    stuck: tally.stuck,
    interruptedBy: tally.interruptedBy,
    failures: tally.failures,
    handOverMs: sortedTimes(tally.handOverMs),
    upgrades,
  };
  return { ...report, verdict: verdictOf(report) };
}

function upgradesOf({ upgrades }: Tally): UpgradeReport {
  return { ...upgrades.counts(), durationsMs: sortedTimes(upgrades.durationsMs) };
}

function sortedTimes(timesMs: readonly number[]): number[] {
  return timesMs.map((ms) => Math.round(ms * 1000) / 1000).sort((a, b) => a - b);
}

/** Returns the results as text: the figures, then the verdict. */
export function summaryOf(report: StressReport): string {
  const { kills, killsByPhase, entries, handOverMs, seconds, seed, mode, upgrades, interruptedBy } = report;
  const figures =
    `${mode}: ${kills} processes ended in ${seconds} s, ${killsByPhase.holding} of them while holding the lock; ${entries} rounds completed; ` +
    `hand-over p50 ${percentile(handOverMs, 0.5)}, p99 ${percentile(handOverMs, 0.99)}; seed ${seed}.`;
  const lines = [figures, ...(upgrades === null ? [] : [upgradeText(upgrades)])];
  if (interruptedBy !== null) lines.push(`${interruptedBy} ended the run early.`);
  return [...lines, ...report.failures, ...report.doubleHolders.slice(0, 5), report.verdict].join('\n');
}

function upgradeText({ started, upgraded, kept, interrupted, takenOver, durationsMs }: UpgradeReport): string {
  const reasons = Object.entries(kept).map(([reason, count]) => `${reason} ${count}`);
  const keptText = reasons.length === 0 ? 'none kept the old gateway' : `kept the old gateway: ${reasons.join(', ')}`;
  return (
    `upgrades: ${started} started, ${upgraded} completed; ${keptText}; ${interrupted} interrupted by the end of the old gateway, ` +
    `${takenOver} of them completed by the successor; p50 ${percentile(durationsMs, 0.5)}, p99 ${percentile(durationsMs, 0.99)}.`
  );
}

function verdictOf(report: Omit<StressReport, 'verdict'>): string {
  const { passed, sabotage, countedTwice, doubleHolders, stuck, failures, entries } = report;
  if (sabotage)
    return passed ? 'The witnesses detected the sabotage.' : 'FAILED: the witnesses did not detect the sabotage.';
  if (passed) return 'No two processes held the lock at once, and the lock was never stuck.';
  if (stuck) return 'FAILED: the lock was stuck: no process acquired it for 30 s.';
  if (failures.length > 0) return 'FAILED: a worker process ended unexpectedly.';
  if (countedTwice.length + doubleHolders.length === 0)
    return `FAILED: ${entries === 0 ? 'no process completed a round' : 'no upgrade was completed'}.`;
  return `FAILED: two processes held the lock at once. Markers of another holder: ${doubleHolders.length}; repeated counts: ${countedTwice.length}.`;
}

/** Returns a percentile of sorted times in milliseconds, as text. */
export function percentile(sorted: readonly number[], share: number): string {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return value === undefined ? 'unknown' : `${value.toFixed(1)} ms`;
}

/** Draws a progress bar if stderr is a terminal. Returns a function that ends the drawing. */
export function drawProgress({ kills, seconds }: StressOptions, tally: () => Tally): () => void {
  if (!process.stderr.isTTY) return () => {};
  const draw = () => {
    const { ends, startedAt } = tally();
    const done = Math.min(1, Math.max(ends / kills, (performance.now() - startedAt) / 1000 / seconds));
    process.stderr.write(`\r[${'#'.repeat(BAR_COLUMNS * done).padEnd(BAR_COLUMNS)}] ${ends} processes ended `);
  };
  const timer = setInterval(draw, DRAW_MS);
  return () => {
    clearInterval(timer);
    draw();
    process.stderr.write('\n');
  };
}
