// Checks a held lock at an interval while there are listeners, and tells them when it is lost.
import type { LockError } from '../errors.js';

/**
 * A function that is called once when a lock is lost.
 *
 * @example
 * const onLost: LostListener = (error) => console.error(error.code, error.path);
 * tryAcquireLock('job.lock')?.onLost(onLost);
 */
export type LostListener = (error: LockError) => void;

/** The interval in milliseconds of the check. */
const LOST_CHECK_MS = 1000;

export class LossWatch {
  readonly #listeners = new Set<LostListener>();
  readonly #check: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** `check` calls {@link report} if the lock is lost. */
  constructor(check: () => void) {
    this.#check = check;
  }

  /** Adds a listener. Returns a function that removes it. */
  add(listener: LostListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.stop();
    };
  }

  /** Begins to check, with a timer that does not keep the process alive. */
  start(): void {
    if (this.#listeners.size > 0) this.#timer ??= setInterval(this.#check, LOST_CHECK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  report(error: LockError): void {
    this.stop();
    for (const listener of this.#listeners) notify(listener, error);
  }
}

/**
 * Calls the listener in a separate microtask, so that an error in one listener does not affect the
 * others.
 */
export function notify(listener: LostListener, error: LockError): void {
  queueMicrotask(() => listener(error));
}
