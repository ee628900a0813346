// The figures of a stress run, its verdict and its progress bar.
import { arch, cpus, release, type } from 'node:os';
import type { Phase, Tally } from './driver.js';
import type { Ending, StressOptions } from './plan.js';

const BAR = 30;
const DRAW_MS = 200;

export interface StressReport {
  readonly passed: boolean;
  readonly mode: StressOptions['mode'];
  readonly sabotage: boolean;
  readonly seed: number;
  readonly contenders: number;
  readonly system: string;
  readonly seconds: number;
  /** Processes that ended. */
  readonly kills: number;
  /** Where they were last heard of. */
  readonly killsByPhase: Readonly<Record<Phase, number>>;
  readonly killsByEnding: Readonly<Partial<Record<Ending, number>>>;
  readonly entries: number;
  readonly doubleHolders: readonly string[];
  readonly countedTwice: readonly number[];
  readonly stuck: boolean;
  readonly failures: readonly string[];
  /** From the end of a holder to the next one, in milliseconds, sorted. */
  readonly handOverMs: readonly number[];
}

export function reportOf(options: StressOptions, tally: Tally): StressReport {
  const { entries, countedTwice, intruders } = tally.findings;
  const caught = countedTwice.length > 0 || intruders.length > 0;
  const sound = options.sabotage ? caught : !caught && !tally.stuck && entries > 0;
  return {
    passed: sound && tally.failures.length === 0,
    mode: options.mode,
    sabotage: options.sabotage,
    seed: options.seed,
    contenders: options.contenders,
    system: `${type()} ${release()} ${arch()}, ${cpus().length} cores, Node ${process.versions.node}`,
    seconds: Math.round(performance.now() - tally.startedAt) / 1000,
    kills: tally.ends,
    killsByPhase: tally.byPhase,
    killsByEnding: tally.byEnding,
    entries,
    doubleHolders: intruders.slice(0, 100),
    countedTwice: countedTwice.slice(0, 100),
    stuck: tally.stuck,
    failures: tally.failures,
    handOverMs: tally.handOverMs.map((ms) => Math.round(ms * 1000) / 1000).sort((a, b) => a - b),
  };
}

/** Sentences: the figures, then the verdict. */
export function verdictOf(report: StressReport): string {
  const { kills, killsByPhase, entries, handOverMs, seconds, seed, mode } = report;
  const figures =
    `${mode}: ${kills} processes ended in ${seconds} s, ${killsByPhase.holding} of them holders; ${entries} entries; ` +
    `hand-over p50 ${percentile(handOverMs, 0.5)}, p99 ${percentile(handOverMs, 0.99)}; seed ${seed}.`;
  return [figures, ...report.failures, ...report.doubleHolders.slice(0, 5), sentenceOf(report)].join('\n');
}

function sentenceOf({ passed, sabotage, countedTwice, doubleHolders, stuck, failures }: StressReport): string {
  if (sabotage)
    return passed ? 'Sabotage was caught by the witnesses.' : 'FAILED: the witnesses did not notice the sabotage.';
  if (passed) return 'Never two holders at once, and the lock was never stuck.';
  if (stuck) return 'FAILED: the lock was stuck.';
  if (failures.length > 0) return 'FAILED: a process ended in a way that nobody asked for.';
  return `FAILED: ${doubleHolders.length} times two holders at once, ${countedTwice.length} numbers counted twice.`;
}

export function percentile(sorted: readonly number[], share: number): string {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return value === undefined ? 'unknown' : `${value.toFixed(1)} ms`;
}

/** On a terminal. Returns a function that ends the drawing. */
export function drawProgress({ kills, seconds }: StressOptions, tally: () => Tally): () => void {
  if (!process.stderr.isTTY) return () => {};
  const draw = () => {
    const { ends, startedAt } = tally();
    const done = Math.min(1, Math.max(ends / kills, (performance.now() - startedAt) / 1000 / seconds));
    process.stderr.write(`\r[${'#'.repeat(BAR * done).padEnd(BAR)}] ${ends} processes ended `);
  };
  const timer = setInterval(draw, DRAW_MS);
  return () => {
    clearInterval(timer);
    draw();
    process.stderr.write('\n');
  };
}
