// The options of a stress run, and its random choices. The same seed repeats the same choices.
import { constants } from 'node:os';

export const MODES = ['lock', 'shared', 'gateway', 'bind', 'upgrade'] as const;

/** Options of a run. */
export interface StressOptions {
  readonly mode: (typeof MODES)[number];
  readonly seconds: number;
  /** Number of worker processes that must end. One must also complete a round. */
  readonly kills: number;
  /** Number of worker processes running at the same time. */
  readonly workers: number;
  readonly seed: number;
  /**
   * If true, the processes run without the lock, to test that the witnesses notice its absence. In
   * mode `upgrade`, a successor does not wait for its predecessor.
   */
  readonly sabotage: boolean;
  /** An empty directory for the lock and the files of the witnesses. */
  readonly directory: string;
}

/**
 * How a worker process ends. `stop`: SIGSTOP, SIGCONT, then SIGKILL. `terminate`: a thread holds
 * the lock and is terminated.
 */
export type Ending = 'kill' | 'stop' | 'term' | 'exit' | 'throw' | 'abort' | 'terminate';

/** Number of worker processes with each ending, out of every 100. */
export type Shares = Readonly<Record<Ending, number>>;
export const SHARES: Shares = { kill: 72, stop: 8, term: 7, exit: 5, throw: 4, abort: 1, terminate: 3 };
/** Fewer of the endings that need Node, which takes 100 to 250 ms of processor time to start. */
export const NATIVE_SHARES: Shares = { kill: 77, stop: 8, term: 7, exit: 6, throw: 0.5, abort: 1, terminate: 0.5 };
/** Endings of the native worker. */
export const NATIVE_ENDINGS: ReadonlySet<Ending> = new Set<Ending>(['kill', 'stop', 'term', 'exit', 'abort']);
/** Endings that the driver causes with a signal. */
export const ENDED_BY_DRIVER: ReadonlySet<Ending> = new Set<Ending>(['kill', 'stop', 'term']);

/** A random number generator. */
export type Random = () => number;

/** Returns a random number generator (mulberry32) that returns numbers from 0 to 1. */
export function newRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}

/** Chooses a random ending, weighted by share. `stop` becomes `kill` on systems without SIGSTOP. */
export function chooseEnding(random: Random, shares = SHARES): Ending {
  let left = random() * 100;
  for (const [ending, share] of Object.entries(shares) as [Ending, number][]) {
    left -= share;
    if (left < 0) return ending === 'stop' && !('SIGSTOP' in constants.signals) ? 'kill' : ending;
  }
  return 'kill';
}
