// Runs a function while holding a lock.
import type { PathLike } from 'node:fs';
import { invalidType } from '../arguments.js';
import { type AcquireLockOptions, acquireLock } from './acquire.js';
import type { FileLock } from './file-lock.js';

/**
 * A function that runs while the lock is held.
 *
 * @example
 * const run: LockedFunction<number> = (lock) => lock.owner?.pid ?? 0;
 * console.log(await withLock('job.lock', run));
 */
export type LockedFunction<Result> = (lock: FileLock) => Result | Promise<Result>;

/**
 * Acquires the lock, calls `run` with it, and releases the lock when the returned promise settles.
 * Returns the result of `run`. Waits for the holder like {@link acquireLock}.
 *
 * @example
 * const report = await withLock('report.lock', { timeoutMs: 60_000 }, async (lock) => {
 *   lock.updateOwner({ task: 'report' });
 *   return 'done';
 * });
 * console.log(report); // done
 * @throws everything that `run` throws; a failure to release the lock is then ignored
 * @throws everything that {@link acquireLock} and {@link FileLock.release} throw
 */
export function withLock<Result>(path: PathLike, run: LockedFunction<Result>): Promise<Result>;
export function withLock<Result>(
  path: PathLike,
  options: AcquireLockOptions,
  run: LockedFunction<Result>,
): Promise<Result>;
export async function withLock<Result>(
  path: PathLike,
  ...rest: [LockedFunction<Result>] | [AcquireLockOptions, LockedFunction<Result>]
): Promise<Result> {
  const run = rest.at(-1);
  // Checked before the lock is acquired, so that a mistake leaves no lock behind.
  if (typeof run !== 'function') throw invalidType('run', 'a function', run);
  const lock = await acquireLock(path, rest.length === 1 ? {} : (rest[0] as AcquireLockOptions));
  return runHolding(lock, run as LockedFunction<Result>);
}

async function runHolding<Result>(lock: FileLock, run: LockedFunction<Result>): Promise<Result> {
  let result: Result;
  try {
    result = await run(lock);
  } catch (error) {
    releaseQuietly(lock);
    throw error;
  }
  lock.release();
  return result;
}

/** Releases the lock. Ignores a failure, which must not hide the error of the function. */
function releaseQuietly(lock: FileLock): void {
  try {
    lock.release();
  } catch {
    // The kernel lock is released even if the lock file cannot be cleared or removed.
  }
}
