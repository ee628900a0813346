// Sleeping between two tries.

/** The longest sleep that a timer can do, in milliseconds; setTimeout() takes a longer one for 1 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The first timer that is cleared, and the first immediate, take Node 100 to 200 us each. */
export function warmUpTimers(): void {
  clearTimeout(setTimeout(() => {}, MAX_TIMER_MS));
  clearImmediate(setImmediate(() => {}));
}

/** @throws `signal.reason` as soon as the signal aborts */
export function sleep(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Sleep().begin(delayMs, signal);
}

/** A sleep that somebody else may end. Its timer keeps the process alive, as whoever waits expects. */
export class Sleep {
  #end: (() => void) | undefined;

  /** @throws `signal.reason` as soon as the signal aborts */
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

  /** Does nothing when nobody sleeps. */
  end(): void {
    this.#end?.();
  }
}
