// Taking a lock: at once or not at all, or with waiting.
import { checkSignal, checkTimeout } from '../arguments.js';
import { monotonicMs } from '../clock.js';
import { announce } from '../events.js';
import { attempt, lastAttemptSync } from './attempt.js';
import { MAX_BACKOFF_MS } from './backoff.js';
import type { FileLock } from './file-lock.js';
import { GracePeriods } from './grace-period.js';
import { timeoutError } from './lock-error.js';
import { type AttemptRequest, readRequest, type TryAcquireLockOptions } from './lock-options.js';
import { type LockProbe, probeUnlessDenied } from './probe-lock.js';
import { hasWaiters } from './wait-queue.js';
import { type Wait, Waiter } from './waiter.js';

export interface AcquireLockOptions extends TryAcquireLockOptions {
  /** Milliseconds; 0 tries once, Infinity waits for ever. @default 5000 */
  readonly timeoutMs?: number;
  /** Ends the wait: the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /**
   * Called while somebody else holds the lock: when the wait begins, and from then on at least every 250 ms. It is
   * awaited: neither deadline nor signal ends it, and those who wait behind in this process wait for it, too. What it throws
   * ends the wait.
   */
  readonly onContended?: () => void | Promise<void>;
}

/**
 * Takes the lock now or returns null. Synchronous; never waits for a living holder. It may block for 20 ms to tell a holder
 * from a prober, and on Windows for 2 s where a dead holder's lock is not free yet, or 0.5 s where the file cannot be
 * opened for a moment.
 *
 * The owner record replaces the content of the file while the lock is held. A file that is not a lock file is refused with
 * `ERR_LOCK_INVALID_FILE` and never changed.
 *
 * @throws {LockError} `ERR_LOCK_INVALID_FILE`, `ERR_LOCK_PERMISSION`, `ERR_LOCK_UNSUPPORTED`,
 *   `ERR_LOCK_WEAK_FILESYSTEM`, `ERR_NATIVE_MISSING`; other failures are the system's own errors (ENOENT, EMFILE ...)
 */
export function tryAcquireLock(path: string, options: TryAcquireLockOptions = {}): FileLock | null {
  return lastAttemptSync(readRequest(path, options));
}

/** Acquires a lock only to remove its file. `ownPath`: it lies in a lock directory, so any content will do. @internal */
export function tryAcquireForRemoval(path: string, ownPath: boolean): FileLock | null {
  return lastAttemptSync({ ...readRequest(path, { keepFile: false }), ownPath });
}

/**
 * Takes the lock, waiting for its holder up to `timeoutMs`. Who waits is woken by the release. Within a process, and
 * each of its worker threads, the waiters of one path are served in the order in which they came.
 *
 * At the deadline the lock is asked for a last time, which may take as long as with {@link tryAcquireLock}, but blocks nobody.
 *
 * @throws {LockError} `ERR_LOCK_TIMEOUT` with the holder's record; and everything that {@link tryAcquireLock} throws
 */
export async function acquireLock(path: string, options: AcquireLockOptions = {}): Promise<FileLock> {
  const request = readRequest(path, options);
  const { onContended } = options;
  const timeoutMs = checkTimeout('timeoutMs', options.timeoutMs ?? 5000);
  const signal = checkSignal(options.signal);
  signal?.throwIfAborted();
  return acquireAtOnce(request, timeoutMs) ?? (await acquireInTurn(request, { timeoutMs, signal, onContended }));
}

/** null: it has to be waited for. Whoever comes later stands behind those who wait already. */
export function acquireAtOnce(request: AttemptRequest, timeoutMs: number): FileLock | null {
  // A try that is the first and the last is one that waits out probers.
  return timeoutMs === 0 || hasWaiters(request.path) ? null : attempt(request);
}

export interface Waiting {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onContended: AcquireLockOptions['onContended'];
}

/** @throws {LockError} `ERR_LOCK_TIMEOUT` */
export async function acquireInTurn(request: AttemptRequest, waiting: Waiting): Promise<FileLock> {
  const { timeoutMs, signal, onContended } = waiting;
  const wait: Wait = {
    request,
    deadline: monotonicMs() + timeoutMs,
    signal,
    longestSleepMs: onContended === undefined ? Number.POSITIVE_INFINITY : MAX_BACKOFF_MS,
  };
  if (timeoutMs > 0) announceWait(request, timeoutMs);
  return (await waitInTurn(wait, onContended)) ?? fail(request, timeoutMs);
}

/** null: the deadline has passed. */
async function waitInTurn(wait: Wait, onContended: AcquireLockOptions['onContended']): Promise<FileLock | null> {
  const waiter = new Waiter(wait);
  try {
    for (;;) {
      const last = monotonicMs() >= wait.deadline;
      const lock = last ? await waiter.tryForTheLastTime() : waiter.try();
      if (lock !== null) return lock;
      await onContended?.();
      if (last) return null;
      wait.signal?.throwIfAborted();
      const late = await waiter.sleep();
      if (late !== null) return late;
      wait.signal?.throwIfAborted();
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
    const { owner, ownerAlive } = probeUnlessDenied(request, new GracePeriods()) ?? UNKNOWN_HOLDER;
    return { owner, ownerAlive };
  } catch {
    return UNKNOWN_HOLDER;
  }
}

const UNKNOWN_HOLDER = { owner: null, ownerAlive: null };
