// Sleeps that an abort signal or another function can end early.
import { MAX_TIMER_MS } from './clock.js';

/**
 * Warms up Node's timers and the end of a sleep, because the first clearTimeout() and the first
 * setImmediate() take 100 to 200 us each.
 */
export function warmUpSleep(): void {
  const sleeping = new Sleep();
  void sleeping.begin(MAX_TIMER_MS, undefined);
  sleeping.end();
  clearImmediate(setImmediate(() => {}));
}

/**
 * Resolves after `delayMs` milliseconds.
 *
 * @throws `signal.reason` as soon as the signal aborts
 */
export function sleep(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Sleep().begin(delayMs, signal);
}

/** Blocks the thread for `delayMs` milliseconds. */
export function blockThread(delayMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs);
}

/** A sleep that can be ended early. Its timer keeps the process alive. */
export class Sleep {
  #end: (() => void) | undefined;

  /**
   * Resolves after `delayMs` milliseconds, or when {@link end} is called.
   *
   * @throws `signal.reason` as soon as the signal aborts
   */
  begin(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#end = undefined;
        settle();
      };
      const abort = () => end(() => reject(signal?.reason));
      this.#end = () => end(resolve);
      const timer = setTimeout(this.#end, Math.min(delayMs, MAX_TIMER_MS));
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
    });
  }

  /** Ends the sleep early. Does nothing if no sleep has begun. */
  end(): void {
    this.#end?.();
  }
}
