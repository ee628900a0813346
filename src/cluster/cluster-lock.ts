// A held cluster lock: state, renewal, loss and release.
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

/**
 * Listener for the loss of a cluster lock.
 *
 * @example
 * const onLost: ClusterLostListener = (error) => console.error(`${error.lockName}: ${error.code}`);
 * const engine = etcdEngine({ endpoints: ['https://etcd.example:2379'] });
 * (await acquireClusterLock('billing', { engine })).onLost(onLost);
 */
export type ClusterLostListener = (error: ClusterLockError) => void;

/** Number of attempts to release a lock. A failed request is retried once, at the next endpoint. */
const RELEASE_ATTEMPTS = 2;

/**
 * A claim that has just acquired the lock.
 *
 * @internal
 */
export interface Acquired {
  readonly claim: Claim;
  readonly lease: Lease;
  readonly token: bigint;
  readonly owner: ClusterOwner;
  readonly subject: ErrorSubject;
}

/**
 * A held cluster lock. At most one client at a time reads {@link held} as true, provided that the
 * clocks of the hosts run at rates that differ by less than the margin (10 %). After reading {@link
 * held}, a process can be stopped for any length of time before it changes another system, so the
 * other system must check {@link token}.
 *
 * A held lock does not keep the process alive.
 *
 * @example
 * const engine = etcdEngine({ endpoints: ['https://etcd.example:2379'] });
 * const lock: ClusterLock = await acquireClusterLock('billing', { engine });
 * await fetch('https://billing.example/run', { headers: { token: String(lock.token) }, signal: lock.signal });
 * await lock.release();
 */
export class ClusterLock {
  readonly name: string;
  /**
   * The fencing token, which increases each time a lock with this name is acquired. Store the token
   * with each change, and reject changes with a lower token.
   */
  readonly token: bigint;
  readonly owner: ClusterOwner;
  /** Time to live: how long the servers keep the lock after its last renewal, in milliseconds. */
  readonly ttlMs: number;
  /**
   * Aborts when the lock is lost, with the error that {@link onLost} reports. Does not abort on
   * release.
   */
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

  /**
   * True until the lock's deadline. The servers free the lock only after an additional safety
   * margin. Each access reads the clock but sends no request.
   */
  get held(): boolean {
    return this.#lease.held;
  }

  /** Milliseconds until the deadline; 0 once the lock is lost or released. */
  get remainingMs(): number {
    return this.#lease.remainingMs;
  }

  /**
   * Renews the lock now. Returns true if the cluster confirmed it, false if the lock is lost or
   * released.
   *
   * @throws {LockError} ERR_CLUSTER_UNAVAILABLE if no server responded; the lock stays held until
   *   its deadline
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
   * Calls `listener` once when the lock is lost, with the code `ERR_LOCK_EXPIRED` (at the deadline)
   * or `ERR_LOCK_REVOKED` (as soon as the cluster reports the loss). The call can be late after a
   * suspend or while the event loop is blocked, but {@link held} is always up to date.
   *
   * @returns a function that removes the listener
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   */
  onLost(listener: ClusterLostListener): () => void {
    checkFunction('listener', listener);
    if (this.#lost === null) this.#listeners.add(listener);
    else this.#notify(listener, this.#lost);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Releases the lock, so that the next waiter can acquire it. {@link held} is false from now on,
   * even if the request fails. Does nothing if the lock is already lost or released.
   *
   * @throws {LockError} ERR_CLUSTER_UNAVAILABLE if no server responded; the servers then free the
   * lock after {@link ttlMs}
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

  /** Same as {@link release}. */
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
    // Destroys the connection, because closing it would still deliver the bytes in the kernel's
    // buffers when a network partition ends.
    this.#claim.destroy();
    this.#lost = this.#lossError(end, cause);
    this.#abort.abort(this.#lost);
    for (const listener of this.#listeners) this.#notify(listener, this.#lost);
  }

  #lossError(end: LeaseEnd, cause: unknown): ClusterLockError {
    if (end === 'revoked') return revokedError({ ...this.#subject, cause });
    return expiredError({ ...this.#subject, cause: this.#renewal.lastError }, this.#lease.times);
  }

  /**
   * Calls the listener in its own microtask, so that an error in one listener does not affect the
   * others.
   */
  #notify(listener: ClusterLostListener, error: ClusterLockError): void {
    queueMicrotask(() => listener(error));
  }
}
