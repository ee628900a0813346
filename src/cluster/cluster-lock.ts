// A cluster lock that is held, and what its holder can do with it.
import { checkFunction } from '../arguments.js';
import { boundedCall } from './bounded-call.js';
import {
  type ClusterLockError,
  type ErrorSubject,
  expiredError,
  revokedError,
  unavailableError,
} from './cluster-error.js';
import { type Claim, ClaimGone, type ClusterOwner } from './driver.js';
import type { Lease, LeaseEnd } from './lease.js';
import { extendLease, Renewal } from './renewal.js';

export type ClusterLostListener = (error: ClusterLockError) => void;

/** A release asks a second endpoint before it gives up. */
const RELEASE_ATTEMPTS = 2;

/** @internal */
export interface Acquired {
  readonly claim: Claim;
  readonly lease: Lease;
  readonly token: bigint;
  readonly owner: ClusterOwner;
  readonly subject: ErrorSubject;
}

/**
 * A held lock. At most one client believes in it at a time, as long as the clocks of the hosts run at rates that differ by less
 * than the margin (10 %). A process can stop for any time between reading {@link held} and the effect on another system, so
 * {@link token} has to be checked where the effect happens.
 *
 * A held lock does not keep the process alive.
 */
export class ClusterLock {
  readonly name: string;
  /** Grows with each acquisition of this name. Store it with each effect, and reject an effect with a lower token. */
  readonly token: bigint;
  readonly owner: ClusterOwner;
  /** Milliseconds that the servers keep the lock after the last renewal. */
  readonly ttlMs: number;
  /** Aborted with the error of {@link onLost} when the lock is lost. A release does not abort it. */
  readonly signal: AbortSignal;
  readonly #claim: Claim;
  readonly #lease: Lease;
  readonly #renewal: Renewal;
  readonly #subject: ErrorSubject;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<ClusterLostListener>();
  #lost: ClusterLockError | null = null;

  /** @internal */
  constructor(acquired: Acquired) {
    this.#claim = acquired.claim;
    this.#lease = acquired.lease;
    this.#subject = acquired.subject;
    this.#renewal = new Renewal(acquired.lease, acquired.claim);
    this.signal = this.#abort.signal;
    this.name = acquired.subject.lockName;
    this.token = acquired.token;
    this.owner = acquired.owner;
    this.ttlMs = acquired.lease.times.ttlMs;
    this.#lease.onEnd = (end, cause) => this.#ended(end, cause);
    this.#renewal.start();
  }

  /** Reads the clock, without a request: true until the deadline, which is earlier than the servers' by the margin. */
  get held(): boolean {
    return this.#lease.held;
  }

  /** Milliseconds until the deadline of the last renewal; 0 once the lock is lost or released. */
  get remainingMs(): number {
    return this.#lease.remainingMs;
  }

  /**
   * Asks the cluster. Returns true if the lock is held and was renewed by this call, false if it is lost or released.
   *
   * @throws {LockError} `ERR_CLUSTER_UNAVAILABLE` if no server answered; the lock stays held until its deadline
   */
  async verify(): Promise<boolean> {
    if (!this.held) return false;
    try {
      await extendLease(this.#lease, this.#claim);
    } catch (error) {
      if (error instanceof ClaimGone) this.#lease.end('revoked', error);
      else if (this.held) throw unavailableError({ ...this.#subject, cause: error });
    }
    return this.held;
  }

  /**
   * Calls `listener` once, with `ERR_LOCK_EXPIRED` or `ERR_LOCK_REVOKED`, when the lock is lost: at the deadline, or as soon as
   * the cluster reports the loss. After a suspend or a blocked event loop that can be late; {@link held} never is.
   *
   * @returns a function that removes the listener
   */
  onLost(listener: ClusterLostListener): () => void {
    checkFunction('listener', listener);
    if (this.#lost === null) this.#listeners.add(listener);
    else this.#tell(listener, this.#lost);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Gives the lock to the next waiter. {@link held} is false from this call on, whatever the cluster answers. Does nothing if
   * the lock is lost or released already.
   *
   * @throws {LockError} `ERR_CLUSTER_UNAVAILABLE` if no server answered; the lock is free after {@link ttlMs} then
   */
  async release(): Promise<void> {
    if (!this.#lease.held) return;
    this.#lease.end('released');
    try {
      await this.#releaseClaim(RELEASE_ATTEMPTS);
    } catch (error) {
      throw unavailableError({ ...this.#subject, cause: error });
    } finally {
      this.#claim.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  async #releaseClaim(attempts: number): Promise<void> {
    try {
      await boundedCall((signal) => this.#claim.release(signal), this.#lease.times.callMs);
    } catch (error) {
      if (error instanceof ClaimGone) return;
      if (attempts === 1) throw error;
      await this.#releaseClaim(attempts - 1);
    }
  }

  #ended(end: LeaseEnd, cause: unknown): void {
    this.#renewal.stop();
    if (end === 'released') return;
    // Destroyed and not closed: bytes that wait in the kernel would still be delivered after a partition.
    this.#claim.destroy();
    this.#lost = this.#lossError(end, cause);
    this.#abort.abort(this.#lost);
    for (const listener of this.#listeners) this.#tell(listener, this.#lost);
  }

  #lossError(end: LeaseEnd, cause: unknown): ClusterLockError {
    if (end === 'revoked') return revokedError({ ...this.#subject, cause });
    return expiredError({ ...this.#subject, cause: this.#renewal.lastError }, this.#lease.times);
  }

  /** Separately, so that a listener that throws keeps no other listener from being called. */
  #tell(listener: ClusterLostListener, error: ClusterLockError): void {
    queueMicrotask(() => listener(error));
  }
}
