// What a stress run is asked to do, and its random choices, which the seed repeats.
import { constants } from 'node:os';

export const MODES = ['lock', 'shared', 'gateway', 'bind'] as const;

export interface StressOptions {
  readonly mode: (typeof MODES)[number];
  readonly seconds: number;
  readonly kills: number;
  readonly contenders: number;
  readonly seed: number;
  readonly sabotage: boolean;
  /** An empty directory for the lock and the files of the witnesses. */
  readonly directory: string;
}

/** How a contender ends. `stop`: SIGSTOP, SIGCONT, then SIGKILL. `terminate`: its worker thread holds the lock and is terminated. */
export type Ending = 'kill' | 'stop' | 'term' | 'exit' | 'throw' | 'abort' | 'terminate';

/** Of 100 contenders. */
const SHARES: Readonly<Record<Ending, number>> = {
  kill: 72,
  stop: 8,
  term: 7,
  exit: 5,
  throw: 4,
  abort: 1,
  terminate: 3,
};
/** Endings that the driver brings about, from outside. */
export const FROM_OUTSIDE: ReadonlySet<Ending> = new Set<Ending>(['kill', 'stop', 'term']);

export type Random = () => number;

/** A number from 0 to 1 at each call: the generator mulberry32. */
export function newRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}

export function chooseEnding(random: Random): Ending {
  let left = random() * 100;
  for (const [ending, share] of Object.entries(SHARES) as [Ending, number][]) {
    left -= share;
    if (left < 0) return ending === 'stop' && !('SIGSTOP' in constants.signals) ? 'kill' : ending;
  }
  return 'kill';
}
