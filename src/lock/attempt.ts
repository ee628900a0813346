// One try to take a lock: what the kernel says, what was in the file before, and our own record in it.
import { resolve } from 'node:path';
import { checkOneOf, checkOptions, checkPath } from '../arguments.js';
import type { OwnerRecord } from '../errors.js';
import type { ContenderHandle, LockHandle } from '../native/binding.js';
import { native } from '../native/load.js';
import { FileLock, type LockMode, type WaitMode } from './file-lock.js';
import { toLockError } from './lock-error.js';
import { checkOwnerFields, formatRecord, newRecord, type OwnerFields, parseRecord } from './owner-record.js';
import { probeOnce } from './probe-lock.js';
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

export interface AttemptRequest {
  readonly path: string;
  readonly mode: LockMode;
  readonly fields: OwnerFields;
  readonly owner: OwnerRecord | null;
  readonly record: string;
  readonly weakFileSystem: 'error' | 'warn' | 'allow';
  readonly endpoint: Endpoint | undefined;
}

/** How the one came to it who tries: a contender keeps its file open; by default it is somebody who just comes. */
export interface Way {
  readonly contender?: ContenderHandle | undefined;
  readonly waited: WaitMode | null;
}

const JUST_COME: Way = { waited: null };

/** null: somebody has it, or seems to. */
export function attempt(request: AttemptRequest, way = JUST_COME): FileLock | null {
  const handle = tryNative(request, way.contender);
  if (handle === null) return null;
  const leftover = judge(handle, request);
  if (leftover === 'in-use') return null;
  try {
    return hold(handle, request, { reclaimed: leftover, waited: way.waited });
  } catch (error) {
    letGo(handle);
    throw toLockError(error, request.path);
  }
}

/** One that is the last: a prober must not be taken for a holder. */
export function attemptPastProbers(request: AttemptRequest, way = JUST_COME): FileLock | null {
  return askPastProbers(
    () => attempt(request, way),
    (lock) => lock !== null || probeOnce(request.path).ownerAlive === true,
  );
}

/** @throws {TypeError|RangeError} `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE` */
export function readRequest(path: string, options: TryAcquireLockOptions): AttemptRequest {
  checkOptions(options);
  const weak = options.weakFileSystem ?? 'error';
  const mode = checkOneOf('mode', options.mode ?? 'exclusive', ['exclusive', 'shared']);
  const fields = checkOwnerFields(options.owner);
  return {
    // Absolute, so that a later chdir() does not change which file is meant.
    path: resolve(checkPath('path', path)),
    mode,
    fields,
    // Encoded before anything is taken, so that a record that is too long costs nothing.
    ...describe(mode, fields),
    weakFileSystem: checkOneOf('weakFileSystem', weak, ['error', 'warn', 'allow']),
    endpoint: checkEndpoint(options.endpoint),
  };
}

/** A shared holder writes no record. */
function describe(mode: LockMode, fields: OwnerFields): { owner: OwnerRecord | null; record: string } {
  const owner = mode === 'shared' ? null : newRecord(fields);
  return { owner, record: owner === null ? '' : formatRecord(owner) };
}

function tryNative(
  { path, mode, weakFileSystem }: AttemptRequest,
  contender: ContenderHandle | undefined,
): LockHandle | null {
  try {
    return contender ? contender.try() : native().tryAcquire(path, mode === 'shared', weakFileSystem !== 'error');
  } catch (error) {
    throw toLockError(error, path);
  }
}

/**
 * The kernel has given us the lock: what was there before? Until that is known the file may be a living
 * older gateway's, so whatever happens here leaves it as it is.
 */
function judge(handle: LockHandle, request: AttemptRequest): ReclaimReason | 'in-use' | null {
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

/** Says who we are. After a wait anew, so that the record tells when the lock was taken, not when the wait began. */
function hold(
  handle: LockHandle,
  request: AttemptRequest,
  how: { reclaimed: ReclaimReason | null; waited: WaitMode | null },
): FileLock {
  const { path, mode, fields } = request;
  const { owner, record } = how.waited === null ? request : describe(mode, fields);
  if (owner !== null) handle.writeRecord(record);
  if (handle.strength === 'weak' && request.weakFileSystem === 'warn') warnWeak(path);
  return new FileLock(handle, { path, mode, owner, ...how });
}

function readLeftover(handle: LockHandle, { path, mode, endpoint }: AttemptRequest): ReclaimReason | 'in-use' | null {
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
