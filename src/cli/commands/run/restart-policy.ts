// Decides whether and when a program that has ended is started again. Contains no timer.
import type { ChildEnd } from '../../signal-relay.js';

/** When to restart a program: never, after a failure, or after every end. */
export const RESTART_MODES = ['no', 'on-failure', 'always'] as const;
export type RestartMode = (typeof RESTART_MODES)[number];

export interface RestartRules {
  readonly mode: RestartMode;
  /** Milliseconds before the first restart in a row. */
  readonly delayMs: number;
  /** The largest number of restarts in a row. Infinity means no limit. */
  readonly maxRestarts: number;
}

/** The longest delay in milliseconds, unless the first delay is longer. */
const MAX_DELAY_MS = 10_000;
/** A program that has run this long, in milliseconds, ends a row of restarts. */
export const STABLE_MS = 10_000;

/**
 * Counts restarts in a row. The delay doubles with each restart up to 10 s, so that a program that
 * cannot start does not keep the machine busy.
 */
export class RestartPolicy {
  readonly #rules: RestartRules;
  #inARow = 0;

  constructor(rules: RestartRules) {
    this.#rules = rules;
  }

  /**
   * Returns the delay in milliseconds before the next start of a program that ran for `ranMs`
   * milliseconds, or null if it is not started again.
   */
  delayAfter(end: ChildEnd, ranMs: number): number | null {
    const { mode, delayMs, maxRestarts } = this.#rules;
    if (mode === 'no' || (mode === 'on-failure' && end.code === 0)) return null;
    if (ranMs >= STABLE_MS) this.#inARow = 0;
    if (this.#inARow >= maxRestarts) return null;
    return Math.min(delayMs * 2 ** this.#inARow++, Math.max(MAX_DELAY_MS, delayMs));
  }
}
