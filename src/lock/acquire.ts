// Acquires a lock: at once or not at all, or after a wait.
import { checkSignal, checkTimeout } from '../arguments.js';
import { announce } from '../events.js';
import { attempt, lastAttemptSync } from './attempt.js';
import type { FileLock } from './file-lock.js';
import { GracePeriods } from './grace-period.js';
import { timeoutError } from './lock-error.js';
import { type AttemptRequest, readRequest, type TryAcquireLockOptions } from './lock-options.js';
import { type LockProbe, probeUnlessOpenFails } from './probe-lock.js';
import { hasWaiters } from './wait-queue.js';
import { Waiter, type WaitOptions } from './waiter.js';

export interface AcquireLockOptions extends TryAcquireLockOptions {
  /**
   * Milliseconds to wait for the holder. 0 tries once, Infinity waits forever.
   *
   * @default 5000
   */
  readonly timeoutMs?: number;
  /** Ends the wait when it aborts: the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /**
   * Called while another holder has the lock: when the wait begins, and then at least every 250 ms.
   * It is awaited: neither the timeout nor the signal ends it, and the waiters behind this one in
   * the same thread wait for it as well. If it throws, the wait ends with that error.
   */
  readonly onContended?: () => void | Promise<void>;
}

/**
 * Acquires the lock at once, or returns null if another holder has the lock. Synchronous; never
 * waits for a living holder. May block for 20 ms to tell a holder from a prober, and on Windows for
 * 2000 ms while the lock of a dead holder is not free yet, or for 500 ms while the file cannot be
 * opened.
 *
 * The owner record replaces the content of the file while the lock is held. A file that is not a
 * lock file is refused with `ERR_LOCK_INVALID_FILE` and never changed.
 *
 * @throws {LockError} `ERR_LOCK_INVALID_FILE` if the file is not a lock file or not safe to use
 * @throws {LockError} `ERR_LOCK_PERMISSION` if this process may not use the file or its directory
 * @throws {LockError} `ERR_LOCK_UNSUPPORTED` if the file system has no file locks
 * @throws {LockError} `ERR_LOCK_WEAK_FILESYSTEM` if the file system grants the lock to two
 *   processes
 * @throws {LockError} `ERR_NATIVE_MISSING` if the addon cannot be loaded
 * @throws {Error} the system's error in any other case: ENOENT, EMFILE ...
 */
export function tryAcquireLock(path: string, options: TryAcquireLockOptions = {}): FileLock | null {
  return lastAttemptSync(readRequest(path, options));
}

/**
 * Acquires the lock, waiting up to `timeoutMs` for the holder. The release wakes the waiter. The
 * waiters of one path in the same thread acquire in the order in which they came.
 *
 * Makes the last attempt at the deadline. That may take as long as {@link tryAcquireLock}, without
 * blocking the thread.
 *
 * @throws {LockError} `ERR_LOCK_TIMEOUT` with the holder's record if the lock is still held at the
 *   deadline
 * @throws everything that {@link tryAcquireLock} throws
 */
export async function acquireLock(path: string, options: AcquireLockOptions = {}): Promise<FileLock> {
  const request = readRequest(path, options);
  const { onContended } = options;
  const timeoutMs = checkTimeout('timeoutMs', options.timeoutMs ?? 5000);
  const signal = checkSignal(options.signal);
  signal?.throwIfAborted();
  return acquireAtOnce(request, timeoutMs) ?? (await acquireInTurn(request, { timeoutMs, signal, onContended }));
}

/**
 * Returns null if the caller has to wait. A new caller never overtakes one that is already queued.
 */
export function acquireAtOnce(request: AttemptRequest, timeoutMs: number): FileLock | null {
  // With a zero timeout the first attempt is also the last, so it must rule out a concurrent
  // prober.
  return timeoutMs === 0 || hasWaiters(request.path) ? null : attempt(request);
}

/**
 * Waits in the queue of the lock and acquires it.
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

/** Probes once, without retrying, so that a waiter never blocks the event loop. */
function peekHolder(request: AttemptRequest): Pick<LockProbe, 'owner' | 'ownerAlive'> {
  try {
    const { owner, ownerAlive } = probeUnlessOpenFails(request, new GracePeriods()) ?? UNKNOWN_HOLDER;
    return { owner, ownerAlive };
  } catch {
    return UNKNOWN_HOLDER;
  }
}

const UNKNOWN_HOLDER = { owner: null, ownerAlive: null };
