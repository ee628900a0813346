// Renews a held lease, and detects in time when it ends.
import { boundedCall } from './bounded-call.js';
import { type Claim, ClaimGone } from './driver.js';
import type { Lease } from './lease.js';

/**
 * Longest time between two reads of the clock, in milliseconds. Bounds the delay of the loss event
 * after a suspend.
 */
const LOSS_TICK_MS = 1000;
/**
 * Milliseconds from the start of a failed request to the next one. After a timeout, the next
 * request is sent at once.
 */
const RETRY_MS = 200;

/** Sends a renewal every `renewMs` milliseconds while the lease is held. */
export class Renewal {
  readonly #lease: Lease;
  readonly #claim: Claim;
  readonly #stop = new AbortController();
  #tick: NodeJS.Timeout | undefined;
  #next: NodeJS.Timeout | undefined;
  /** Error of the last renewal; undefined if the last renewal succeeded. */
  lastError: unknown;

  constructor(lease: Lease, claim: Claim) {
    this.#lease = lease;
    this.#claim = claim;
  }

  start(): void {
    this.#claim.watch((cause) => this.#lease.end('revoked', cause));
    this.#watchDeadline();
    this.#schedule(this.#lease.times.renewMs);
  }

  /** Stops all timers and requests. */
  stop(): void {
    clearTimeout(this.#tick);
    clearTimeout(this.#next);
    this.#stop.abort(new Error('the lock is no longer held'));
  }

  #watchDeadline(): void {
    const { remainingMs } = this.#lease;
    // Reading remainingMs ends an expired lease, which stops this renewal.
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

/**
 * Renews the claim on the server and extends the lease.
 *
 * @returns false if the lease has ended in the meantime
 */
export async function extendLease(lease: Lease, claim: Claim, signal?: AbortSignal): Promise<boolean> {
  const sentAtMs = lease.now();
  const grantedMs = await boundedCall((bounded) => claim.renew(bounded), lease.times.callMs, signal);
  return lease.extend(sentAtMs, grantedMs);
}
