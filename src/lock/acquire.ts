// Taking a lock: at once or not at all, or with waiting.
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkOneOf, checkOptions, checkPath, checkSignal, checkTimeout } from '../arguments.js';
import type { OwnerRecord } from '../errors.js';
import type { LockHandle } from '../native/binding.js';
import { native } from '../native/load.js';
import { backoffDelays } from './backoff.js';
import { FileLock, type LockMode } from './file-lock.js';
import { timeoutError, toLockError } from './lock-error.js';
import { checkOwnerFields, formatRecord, newRecord, type OwnerFields, parseRecord } from './owner-record.js';
import { probeLock, probeOnce } from './probe-lock.js';
import { askPastProbers } from './prober-grace.js';
import { checkEndpoint, type Endpoint, judgeLeftover, type ReclaimReason } from './reclaim.js';

export interface TryAcquireLockOptions {
  /** @default 'exclusive' */
  readonly mode?: LockMode;
  /** Fields to add to the owner record. Together at most 4096 bytes of JSON. */
  readonly owner?: OwnerFields;
  /**
   * A file system that was seen to grant the lock to two at once: refuse it, use it with a process
   * warning, or use it. @default 'error'
   */
  readonly weakFileSystem?: 'error' | 'warn' | 'allow';
  /** Where a holder of this lock would listen: tells whether an older gateway without a kernel lock still runs. */
  readonly endpoint?: Endpoint;
}

export interface AcquireLockOptions extends TryAcquireLockOptions {
  /** Milliseconds; 0 tries once, Infinity waits for ever. @default 5000 */
  readonly timeoutMs?: number;
  /** Ends the wait: the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called after each refused try. What it throws ends the wait. */
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
  for (const delayMs of backoffDelays()) {
    signal?.throwIfAborted();
    // Read anew, so that the record says when the lock was taken, not when the wait began.
    const request = readRequest(absolute, options);
    // Only the last try has to tell a prober from a holder; the others are followed by another one.
    const last = performance.now() >= deadline;
    const lock = last ? attemptPastProbers(request) : attempt(request);
    if (lock !== null) return lock;
    await options.onContended?.();
    if (last) break;
    await pause(Math.min(delayMs, Math.max(0, deadline - performance.now())), signal);
  }
  const { owner, ownerAlive } = probeLock(absolute);
  throw timeoutError(absolute, timeoutMs, { owner, ownerAlive });
}

interface Request {
  readonly path: string;
  readonly mode: LockMode;
  readonly owner: OwnerRecord | null;
  readonly record: string;
  readonly weakFileSystem: 'error' | 'warn' | 'allow';
  readonly endpoint: Endpoint | undefined;
}

function readRequest(path: string, options: TryAcquireLockOptions): Request {
  checkOptions(options);
  const weak = options.weakFileSystem ?? 'error';
  const mode = checkOneOf('mode', options.mode ?? 'exclusive', ['exclusive', 'shared']);
  const fields = checkOwnerFields(options.owner);
  const owner = mode === 'shared' ? null : newRecord(fields);
  return {
    // Absolute, so that a later chdir() does not change which file is meant.
    path: resolve(checkPath('path', path)),
    mode,
    owner,
    // Encoded before anything is taken, so that a record that is too long costs nothing.
    record: owner === null ? '' : formatRecord(owner),
    weakFileSystem: checkOneOf('weakFileSystem', weak, ['error', 'warn', 'allow']),
    endpoint: checkEndpoint(options.endpoint),
  };
}

function attemptPastProbers(request: Request): FileLock | null {
  return askPastProbers(
    () => attempt(request),
    (lock) => lock !== null || probeOnce(request.path).ownerAlive === true,
  );
}

function attempt(request: Request): FileLock | null {
  const handle = tryNative(request);
  if (handle === null) return null;
  const leftover = judge(handle, request);
  if (leftover === 'in-use') return null;
  try {
    return hold(handle, request, leftover);
  } catch (error) {
    letGo(handle);
    throw toLockError(error, request.path);
  }
}

function tryNative({ path, mode, weakFileSystem }: Request): LockHandle | null {
  try {
    return native().tryAcquire(path, mode === 'shared', weakFileSystem !== 'error');
  } catch (error) {
    throw toLockError(error, path);
  }
}

/**
 * The kernel has given us the lock: what was there before? Until that is known the file may be a living
 * older gateway's, so whatever happens here leaves it as it is.
 */
function judge(handle: LockHandle, request: Request): ReclaimReason | 'in-use' | null {
  let leftover: ReclaimReason | 'in-use' | null = 'in-use';
  try {
    leftover = handle.created ? null : readLeftover(handle, request);
    return leftover;
  } catch (error) {
    throw toLockError(error, request.path);
  } finally {
    if (leftover === 'in-use') handle.abandon();
  }
}

/** Says who we are. */
function hold(handle: LockHandle, request: Request, reclaimed: ReclaimReason | null): FileLock {
  const { path, mode, owner } = request;
  if (owner !== null) handle.writeRecord(request.record);
  if (handle.strength === 'weak' && request.weakFileSystem === 'warn') warnWeak(path);
  return new FileLock(handle, { path, mode, owner, reclaimed });
}

function readLeftover(handle: LockHandle, { path, mode, endpoint }: Request): ReclaimReason | 'in-use' | null {
  const owner = parseRecord(handle.readRecord());
  // Shared holders write no record: without one, this is their file, not a leftover.
  if (mode === 'shared' && owner === null) return null;
  return judgeLeftover(owner, path, endpoint) ?? 'in-use';
}

/** For a lock that could not be completed. A file that cannot be removed is left: it blocks nothing. */
function letGo(handle: LockHandle): void {
  try {
    handle.release();
  } catch {
    handle.abandon();
  }
}

function warnWeak(path: string): void {
  process.emitWarning(`the file system of '${path}' grants the lock to two at once: nothing is protected`, {
    type: 'LockWarning',
    code: 'ERR_LOCK_WEAK_FILESYSTEM',
  });
}

async function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
  } catch {
    signal?.throwIfAborted();
  }
}
