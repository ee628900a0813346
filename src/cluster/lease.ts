// The lease core: every decision about time. No I/O, so that a model can check it (verify/lease.pml).
//
// A holder must know that its lock is lost before the server can give the lock to another client. Hence:
// - the deadline counts from the moment of SENDING the request that extended the lease, never from its answer;
// - the clock is the boot clock, which counts the time in suspend;
// - a margin is taken off, for clocks that run at different rates and for the time between a check and its effect;
// - a lease that has ended stays ended, even if a late answer says that the server has extended it.
import { native } from '../native/load.js';

/** The least time to live, in milliseconds: room for five renewals and for a slow disk of the server. */
export const MIN_TTL_MS = 5000;
export const DEFAULT_TTL_MS = 15_000;
const MIN_MARGIN_MS = 500;

/** All durations that follow from a time to live, in whole milliseconds. */
export interface LeaseTimes {
  /** The server keeps the lock for so long without hearing from the holder. */
  readonly ttlMs: number;
  /** The holder gives up by so much earlier than the server. */
  readonly marginMs: number;
  /** From one renewal to the next. */
  readonly renewMs: number;
  /** The limit of one request, after which the next endpoint is tried. */
  readonly callMs: number;
}

export function leaseTimes(ttlMs: number): LeaseTimes {
  const fifth = Math.floor(ttlMs / 5);
  return { ttlMs, marginMs: Math.max(MIN_MARGIN_MS, Math.ceil(ttlMs / 10)), renewMs: fifth, callMs: fifth };
}

/** Milliseconds since an arbitrary moment, the time in suspend included. */
export function bootClockMs(): number {
  return native().bootClockMs();
}

export type LeaseEnd = 'expired' | 'revoked' | 'released';

export class Lease {
  readonly times: LeaseTimes;
  readonly #clock: () => number;
  /** By the boot clock; null until the server has granted the lease. */
  #deadlineMs: number | null = null;
  #end: LeaseEnd | null = null;

  /** Called once, synchronously, by whichever call finds that the lease has ended. */
  onEnd: (end: LeaseEnd, cause: unknown) => void = () => {};

  constructor(times: LeaseTimes, clock: () => number = bootClockMs) {
    this.times = times;
    this.#clock = clock;
  }

  /** The time now. Take it BEFORE sending a request that extends the lease, and pass it to {@link extend}. */
  now(): number {
    return this.#clock();
  }

  /**
   * Moves the deadline: the server keeps the lease for `grantedMs` or longer after `sentAtMs`.
   *
   * @returns false if the lease has ended; it is never extended again
   */
  extend(sentAtMs: number, grantedMs: number): boolean {
    if (this.#hasEnded()) return false;
    const deadlineMs = sentAtMs + grantedMs - this.times.marginMs;
    this.#deadlineMs = Math.max(this.#deadlineMs ?? deadlineMs, deadlineMs);
    return this.held;
  }

  /** Reads the clock: true only before the deadline. */
  get held(): boolean {
    return this.#deadlineMs !== null && !this.#hasEnded();
  }

  /** Milliseconds until the deadline; 0 once the lease has ended or while it is not granted. */
  get remainingMs(): number {
    return this.#hasEnded() || this.#deadlineMs === null ? 0 : Math.max(0, this.#deadlineMs - this.#clock());
  }

  /** Null as long as the lease has not ended. */
  get ended(): LeaseEnd | null {
    return this.#hasEnded() ? this.#end : null;
  }

  /** Ends the lease now. Does nothing if it has ended already. */
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
