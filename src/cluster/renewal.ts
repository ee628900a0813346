// Keeps a held lease alive, and finds its end in time.
import { boundedCall } from './bounded-call.js';
import { type Claim, ClaimGone } from './driver.js';
import type { Lease } from './lease.js';

/** The time between two reads of the clock while a lease is held. After a suspend or a blocked event loop, timers are late by that time. */
const LOSS_TICK_MS = 1000;
/** After a request that failed at once; a request that timed out is followed by the next without a delay. */
const RETRY_MS = 200;

export class Renewal {
  readonly #lease: Lease;
  readonly #claim: Claim;
  readonly #stop = new AbortController();
  #tick: NodeJS.Timeout | undefined;
  #next: NodeJS.Timeout | undefined;
  /** Why the last renewal failed; undefined if it succeeded. */
  lastError: unknown;

  constructor(lease: Lease, claim: Claim) {
    this.#lease = lease;
    this.#claim = claim;
  }

  start(): void {
    this.#claim.hold((cause) => this.#lease.end('revoked', cause));
    this.#watchDeadline();
    this.#schedule(this.#lease.times.renewMs);
  }

  /** Neither timers nor requests are left. */
  stop(): void {
    clearTimeout(this.#tick);
    clearTimeout(this.#next);
    this.#stop.abort(new Error('the lock is not held any more'));
  }

  #watchDeadline(): void {
    const { remainingMs } = this.#lease;
    // Reading the remaining time has ended an expired lease.
    if (this.#stop.signal.aborted) return;
    this.#tick = setTimeout(() => this.#watchDeadline(), Math.min(LOSS_TICK_MS, Math.ceil(remainingMs))).unref();
  }

  #schedule(delayMs: number): void {
    if (this.#stop.signal.aborted) return;
    this.#next = setTimeout(() => void this.#renew(), Math.max(0, delayMs)).unref();
  }

  async #renew(): Promise<void> {
    const sentAtMs = this.#lease.now();
    try {
      await extendLease(this.#lease, this.#claim, this.#stop.signal);
      this.lastError = undefined;
      this.#schedule(sentAtMs + this.#lease.times.renewMs - this.#lease.now());
    } catch (error) {
      this.#failed(error, this.#lease.now() - sentAtMs);
    }
  }

  #failed(error: unknown, tookMs: number): void {
    if (this.#stop.signal.aborted) return;
    this.lastError = error;
    if (error instanceof ClaimGone) this.#lease.end('revoked', error);
    else this.#schedule(RETRY_MS - tookMs);
  }
}

/** @returns false if the lease has ended meanwhile */
export async function extendLease(lease: Lease, claim: Claim, signal?: AbortSignal): Promise<boolean> {
  const sentAtMs = lease.now();
  const grantedMs = await boundedCall((bounded) => claim.renew(bounded), lease.times.callMs, signal);
  return lease.extend(sentAtMs, grantedMs);
}
