// Taking a lock: at once or not at all, or with waiting.
import { checkSignal, checkTimeout } from '../arguments.js';
import { announce } from '../events.js';
import { attempt, attemptPastProbers, readRequest, type TryAcquireLockOptions } from './attempt.js';
import { backoffDelays } from './backoff.js';
import type { FileLock } from './file-lock.js';
import { timeoutError } from './lock-error.js';
import { pause } from './pause.js';
import { probeLock } from './probe-lock.js';

export interface AcquireLockOptions extends TryAcquireLockOptions {
  /** Milliseconds; 0 tries once, Infinity waits for ever. @default 5000 */
  readonly timeoutMs?: number;
  /** Ends the wait: the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called after each refused try, and awaited: neither deadline nor signal ends it. What it throws ends the wait. */
  readonly onContended?: () => void | Promise<void>;
}

/**
 * Takes the lock now or returns null. Synchronous; never waits for a holder.
 *
 * The content of the file is replaced by the owner record: give the lock a path of its own.
 *
 * @throws {LockError} `ERR_LOCK_INVALID_FILE`, `ERR_LOCK_PERMISSION`, `ERR_LOCK_UNSUPPORTED`,
 *   `ERR_LOCK_WEAK_FILESYSTEM`, `ERR_NATIVE_MISSING`; other failures are the system's own errors (ENOENT, EMFILE ...)
 */
export function tryAcquireLock(path: string, options: TryAcquireLockOptions = {}): FileLock | null {
  return attemptPastProbers(readRequest(path, options));
}

/**
 * Takes the lock, waiting for its holder up to `timeoutMs`.
 *
 * @throws {LockError} `ERR_LOCK_TIMEOUT` with the holder's record; and everything that {@link tryAcquireLock} throws
 */
export async function acquireLock(path: string, options: AcquireLockOptions = {}): Promise<FileLock> {
  const { path: absolute } = readRequest(path, options);
  const timeoutMs = checkTimeout('timeoutMs', options.timeoutMs ?? 5000);
  const signal = checkSignal(options.signal);
  const deadline = performance.now() + timeoutMs;
  let announced = false;
  for (const delayMs of backoffDelays()) {
    signal?.throwIfAborted();
    // Read anew, so that the record says when the lock was taken, not when the wait began.
    const request = readRequest(absolute, options);
    // Only the last try has to tell a prober from a holder; the others are followed by another one.
    const last = performance.now() >= deadline;
    const lock = last ? attemptPastProbers(request) : attempt(request);
    if (lock !== null) return lock;
    if (!announced && !last) announceWait(absolute, timeoutMs);
    announced = true;
    await options.onContended?.();
    if (last) break;
    await pause(Math.min(delayMs, Math.max(0, deadline - performance.now())), signal);
  }
  const { owner, ownerAlive } = probeLock(absolute);
  throw timeoutError(absolute, timeoutMs, { owner, ownerAlive });
}

function announceWait(path: string, timeoutMs: number): void {
  announce('gateway-lock:wait', () => {
    const { owner, ownerAlive } = probeLock(path);
    return { path, timeoutMs, owner, ownerAlive };
  });
}
