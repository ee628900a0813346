// The lease core makes every decision about time. It does no I/O, so that a model checker can
// verify it (verify/lease.pml).
//
// A holder must know that its lock is lost before the server can grant the lock to another client.
// These rules ensure that it does:
// - The deadline counts from when the request that extends the lease is SENT, not from the
//   response.
// - The clock is the boot clock, which keeps counting during suspend.
// - A margin is subtracted from the deadline, because clocks run at different rates and time passes
//   between a check and the action that depends on it.
// - A lease that has ended stays ended, even if a late response reports that the server has
//   extended it.
import { native } from '../native/load.js';

/**
 * The shortest time to live in milliseconds. It leaves time for five renewals even if the server's
 * disk is slow.
 */
export const MIN_TTL_MS = 5000;
export const DEFAULT_TTL_MS = 15_000;
const MIN_MARGIN_MS = 500;

/** The durations derived from a time to live, in whole milliseconds. */
export interface LeaseTimes {
  /** How long the server keeps the lock after the last renewal. */
  readonly ttlMs: number;
  /** How much earlier the holder gives up the lock than the server frees it. */
  readonly marginMs: number;
  /** Time from one renewal to the next. */
  readonly renewMs: number;
  /** Time limit for one request; after that, the next endpoint is used. */
  readonly callMs: number;
}

/** Returns the durations for a time to live. The margin is 10 % and at least 500 ms. */
export function leaseTimes(ttlMs: number): LeaseTimes {
  const fifth = Math.floor(ttlMs / 5);
  return { ttlMs, marginMs: Math.max(MIN_MARGIN_MS, Math.ceil(ttlMs / 10)), renewMs: fifth, callMs: fifth };
}

/** Returns the milliseconds since an arbitrary moment, including time spent in suspend. */
export function bootClockMs(): number {
  return native().bootClockMs();
}

/** Reason why a lease has ended. */
export type LeaseEnd = 'expired' | 'revoked' | 'released';

/** The holder's view of the time that the server has granted. */
export class Lease {
  readonly times: LeaseTimes;
  readonly #clock: () => number;
  /** Deadline in milliseconds on the boot clock. Null until the server has granted the lease. */
  #deadlineMs: number | null = null;
  #end: LeaseEnd | null = null;

  /** Called once, synchronously, by the first method that finds that the lease has ended. */
  onEnd: (end: LeaseEnd, cause: unknown) => void = () => {};

  constructor(times: LeaseTimes, clock: () => number = bootClockMs) {
    this.times = times;
    this.#clock = clock;
  }

  /**
   * Returns the current time. Call this BEFORE sending a request that extends the lease, and pass
   * the result to {@link extend}.
   */
  now(): number {
    return this.#clock();
  }

  /**
   * Moves the deadline. The server keeps the lease for at least `grantedMs` milliseconds after
   * `sentAtMs`.
   *
   * @returns false if the lease has ended; an ended lease is never extended
   */
  extend(sentAtMs: number, grantedMs: number): boolean {
    if (this.#hasEnded()) return false;
    const deadlineMs = sentAtMs + grantedMs - this.times.marginMs;
    this.#deadlineMs = Math.max(this.#deadlineMs ?? deadlineMs, deadlineMs);
    return this.held;
  }

  /** True until the deadline. Each access reads the clock. */
  get held(): boolean {
    return this.#deadlineMs !== null && !this.#hasEnded();
  }

  /** Milliseconds until the deadline; 0 before the grant and after the end. */
  get remainingMs(): number {
    return this.#hasEnded() || this.#deadlineMs === null ? 0 : Math.max(0, this.#deadlineMs - this.#clock());
  }

  /** Why the lease has ended; null if it has not. */
  get ended(): LeaseEnd | null {
    return this.#hasEnded() ? this.#end : null;
  }

  /** Ends the lease now. Does nothing if the lease has already ended. */
  end(end: LeaseEnd, cause?: unknown): void {
    if (this.#hasEnded()) return;
    this.#finish(end, cause);
  }

  #hasEnded(): boolean {
    if (this.#end !== null) return true;
    if (this.#deadlineMs === null || this.#clock() < this.#deadlineMs) return false;
    this.#finish('expired', undefined);
    return true;
  }

  #finish(end: LeaseEnd, cause: unknown): void {
    this.#end = end;
    this.onEnd(end, cause);
  }
}
