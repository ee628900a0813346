// The errors of cluster locks. Each message says what happened and, if possible, what to do.
import { brandClass, LockError, type LockErrorCode } from '../errors.js';
import type { ClusterHolder } from './driver.js';
import type { LeaseTimes } from './lease.js';

/**
 * Thrown if a cluster lock is lost or cannot be acquired, or if the cluster cannot be used.
 *
 * @example
 * const engine = etcdEngine({ endpoints: ['https://etcd.example:2379'] });
 * try {
 *   await acquireClusterLock('billing', { engine });
 * } catch (error) {
 *   if (!(error instanceof ClusterLockError)) throw error;
 *   console.error(error.code, error.lockName, error.target);
 * }
 */
export class ClusterLockError extends LockError {
  declare readonly code: LockErrorCode;
  /** Name of the lock. */
  readonly lockName: string;
  /** The addresses or the name of the servers, without credentials. */
  readonly target: string;
  /**
   * The client that holds the lock. Null unless the code is `ERR_LOCK_TIMEOUT` and the holder is
   * known.
   */
  readonly holder: ClusterHolder | null;

  /** @internal */
  constructor(code: LockErrorCode, message: string, subject: ErrorSubject) {
    super(code, message, { cause: subject.cause });
    this.lockName = subject.lockName;
    this.target = subject.target;
    this.holder = subject.holder ?? null;
  }
}

brandClass(ClusterLockError, 'ClusterLockError');

/** The lock that an error is about. */
export interface ErrorSubject {
  readonly lockName: string;
  readonly target: string;
  readonly holder?: ClusterHolder | null;
  readonly cause?: unknown;
}

export function expiredError(subject: ErrorSubject, times: LeaseTimes): ClusterLockError {
  return new ClusterLockError(
    'ERR_LOCK_EXPIRED',
    `cluster lock '${subject.lockName}' expired: ${subject.target} did not renew it for ${times.ttlMs - times.marginMs} ms${because(subject.cause)}`,
    subject,
  );
}

export function revokedError(subject: ErrorSubject): ClusterLockError {
  return new ClusterLockError(
    'ERR_LOCK_REVOKED',
    `cluster lock '${subject.lockName}' was revoked by ${subject.target}${because(subject.cause)}`,
    subject,
  );
}

export function timeoutError(subject: ErrorSubject, timeoutMs: number): ClusterLockError {
  return new ClusterLockError(
    'ERR_LOCK_TIMEOUT',
    `cluster lock '${subject.lockName}' is held by ${holderText(subject.holder ?? null)}; gave up after ${Math.round(timeoutMs)} ms`,
    subject,
  );
}

export function unavailableError(subject: ErrorSubject): ClusterLockError {
  return new ClusterLockError(
    'ERR_CLUSTER_UNAVAILABLE',
    `${subject.target} cannot be reached${because(subject.cause)}. Cluster lock '${subject.lockName}' may be held or free.`,
    subject,
  );
}

/**
 * Thrown by drivers if the cluster cannot provide a lock. The caller adds the name of the lock with
 * {@link unsuitableError}.
 */
export class Unsuitable extends Error {
  override readonly name = 'Unsuitable';
}

export function unsuitableError(subject: ErrorSubject): ClusterLockError {
  return new ClusterLockError(
    'ERR_CLUSTER_UNSUITABLE',
    `${subject.target} cannot hold cluster lock '${subject.lockName}'${because(subject.cause)}`,
    subject,
  );
}

/** Describes the holder for a message. */
export function holderText(holder: ClusterHolder | null): string {
  if (holder === null) return 'an unknown client';
  const { owner } = holder;
  return owner === null ? `another program (claim ${holder.claimId})` : `pid ${owner.pid} on host ${owner.host}`;
}

function because(cause: unknown): string {
  return cause === undefined ? '' : `: ${cause instanceof Error ? cause.message : String(cause)}`;
}
