// Acquires a lock, either at once (tryAcquireLock) or after waiting for the holder to release the
// lock (acquireLock).
import type { PathLike } from 'node:fs';
import { checkFunction, checkSignal, checkTimeout, type OptionNames } from '../arguments.js';
import { announce } from '../events.js';
import { attempt, lastAttemptSync } from './attempt.js';
import type { FileLock } from './file-lock.js';
import { GracePeriods } from './grace-period.js';
import { type KnownHolder, knownHolder } from './holder-text.js';
import { timeoutError } from './lock-error.js';
import { type AttemptRequest, readRequest, TRY_OPTIONS, type TryAcquireLockOptions } from './lock-options.js';
import { probeUnlessOpenFails, withHolder } from './probe-lock.js';
import { hasWaiters } from './wait-queue.js';
import { Waiter, type WaitOptions } from './waiter.js';

/**
 * Options of {@link acquireLock} and {@link withLock}.
 *
 * @example
 * const options: AcquireLockOptions = { timeoutMs: 60_000, signal: AbortSignal.timeout(1000) };
 * (await acquireLock('job.lock', options)).release();
 */
export interface AcquireLockOptions extends TryAcquireLockOptions {
  /**
   * Longest time in milliseconds to wait for the holder to release the lock. 0 makes a single
   * attempt, Infinity waits forever.
   *
   * @default 5000
   */
  readonly timeoutMs?: number | undefined;
  /** Aborts the wait: the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called when the wait begins, and at least every 250 ms while another holder has the lock. The
   * callback is awaited; neither the timeout nor the signal interrupts it, and later waiters in the
   * same thread wait for it too. If it throws, the wait fails with that error.
   */
  readonly onContended?: (() => void | Promise<void>) | undefined;
}

const OPTIONS: OptionNames<AcquireLockOptions> = { ...TRY_OPTIONS, timeoutMs: true, signal: true, onContended: true };

/**
 * Acquires the lock at once, or returns null if another holder has the lock. The call is
 * synchronous and never waits for a living holder. It may block for up to 20 ms to distinguish a
 * holder from a prober. On Windows it may also block for up to 2000 ms until the system releases a
 * dead holder's lock, and for up to 500 ms while the lock file cannot be opened.
 *
 * Replaces the content of the lock file with the owner record. If the file is not a lock file,
 * throws `ERR_LOCK_INVALID_FILE` and leaves it unchanged.
 *
 * @example
 * const lock = tryAcquireLock('job.lock');
 * if (lock === null) console.log('the job is already running');
 * lock?.release();
 * @throws {LockError} `ERR_LOCK_INVALID_FILE` if the file is not a lock file, or is not safe to use
 * @throws {LockError} `ERR_LOCK_PERMISSION` if this process may not use the file or its directory
 * @throws {LockError} `ERR_LOCK_UNSUPPORTED` if the file system has no file locks
 * @throws {LockError} `ERR_LOCK_WEAK_FILESYSTEM` if the file system grants the lock to two
 * processes at once
 * @throws {LockError} `ERR_NATIVE_MISSING` if the addon cannot be loaded
 * @throws {Error} the system's error in any other case, for example ENOENT or EMFILE
 */
export function tryAcquireLock(path: PathLike, options: TryAcquireLockOptions = {}): FileLock | null {
  return lastAttemptSync(readRequest(path, options, TRY_OPTIONS));
}

/**
 * Acquires the lock, waiting up to `timeoutMs` milliseconds. The waiter wakes as soon as the lock
 * is released. Within a thread, waiters for a path acquire the lock in the order in which they
 * began to wait.
 *
 * The last attempt is made at the deadline. It may take as long as {@link tryAcquireLock}, but does
 * not block the thread.
 *
 * @example
 * const lock = await acquireLock(new URL('job.lock', import.meta.url), { timeoutMs: 10_000 });
 * console.log(lock.held); // true
 * lock.release();
 * @throws {LockError} `ERR_LOCK_TIMEOUT` with the holder's record if the lock is still held at the
 *   deadline
 * @throws everything that {@link tryAcquireLock} throws
 */
export async function acquireLock(path: PathLike, options: AcquireLockOptions = {}): Promise<FileLock> {
  const request = readRequest(path, options, OPTIONS);
  const onContended = checkFunction('onContended', options.onContended);
  const timeoutMs = checkTimeout('timeoutMs', options.timeoutMs ?? 5000);
  const signal = checkSignal(options.signal);
  signal?.throwIfAborted();
  return acquireAtOnce(request, timeoutMs) ?? (await acquireInTurn(request, { timeoutMs, signal, onContended }));
}

/**
 * Acquires the lock at once, or returns null if the caller has to wait. A new caller never
 * overtakes a waiter that is already queued.
 */
export function acquireAtOnce(request: AttemptRequest, timeoutMs: number): FileLock | null {
  // With a zero timeout the first attempt is also the last. It is left to acquireInTurn(), because
  // the last attempt must not mistake a prober for a holder.
  return timeoutMs === 0 || hasWaiters(request.path) ? null : attempt(request);
}

/**
 * Waits in the lock's queue, then acquires the lock.
 *
 * @throws {LockError} `ERR_LOCK_TIMEOUT`
 */
export async function acquireInTurn(request: AttemptRequest, options: WaitOptions): Promise<FileLock> {
  const waiter = new Waiter(request, options);
  if (options.timeoutMs > 0) announceWait(request, options.timeoutMs);
  return (await waitInTurn(waiter, options)) ?? fail(request, options.timeoutMs);
}

/** Returns null if the lock is still held at the deadline. */
async function waitInTurn(waiter: Waiter, { signal, onContended }: WaitOptions): Promise<FileLock | null> {
  try {
    for (;;) {
      const last = waiter.hasTimedOut;
      const lock = last ? await waiter.tryForTheLastTime() : waiter.try();
      if (lock !== null) return lock;
      await onContended?.();
      if (last) return null;
      signal?.throwIfAborted();
      const late = await waiter.sleep();
      if (late !== null) return late;
      signal?.throwIfAborted();
    }
  } finally {
    waiter.close();
  }
}

function fail(request: AttemptRequest, timeoutMs: number): never {
  throw timeoutError(request.path, timeoutMs, peekHolder(request));
}

function announceWait(request: AttemptRequest, timeoutMs: number): void {
  announce('gateway-lock:wait', () => ({ path: request.path, timeoutMs, ...peekHolder(request) }));
}

/** Probes the lock only once, because retries would block the event loop. */
function peekHolder(request: AttemptRequest): KnownHolder {
  try {
    const probed = probeUnlessOpenFails(request, new GracePeriods());
    return probed === null ? UNKNOWN_HOLDER : knownHolder(withHolder(probed, request.path));
  } catch {
    return UNKNOWN_HOLDER;
  }
}

const UNKNOWN_HOLDER = { owner: null, ownerAlive: null };
