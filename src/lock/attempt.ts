// One attempt to acquire a lock: the kernel lock, the judgement of what the file contained before,
// and the new owner record.
import type { LockErrorCode, OwnerRecord } from '../errors.js';
import { announce } from '../events.js';
import type { LockId, WaiterId } from '../native/binding.js';
import { native } from '../native/load.js';
import { locksOutliveHolders } from '../native/platform.js';
import { FileLock, type WaitMode } from './file-lock.js';
import { type GracePeriods, type RetryReason, retryPastProbers, retryPastProbersSync } from './grace-period.js';
import { isCoordinatorLocked, judgeLeftover, type Leftover, type ReclaimReason } from './leftover.js';
import { notALockFileError, otherViewError, toLockError } from './lock-error.js';
import type { AttemptRequest } from './lock-options.js';
import { isOwnerAlive } from './process-identity.js';
import { createRecord, formatRecord } from './record-encoder.js';
import { parseRecord } from './record-parser.js';

/**
 * What this attempt inherits from earlier ones: the waiter's open file, and how it has been
 * waiting.
 */
export interface AttemptContext {
  readonly waiter?: WaiterId | undefined;
  readonly waitMode: WaitMode | null;
}

const FIRST_ATTEMPT: AttemptContext = { waitMode: null };

/**
 * A failure to open the file, probably for a moment only. `lease`: another program has a file
 * lease. A class, because a record may have any field, also the fields of this one.
 */
class OpenFailure {
  readonly kind: 'transient' | 'lease';
  readonly error: unknown;

  constructor(kind: 'transient' | 'lease', error: unknown) {
    this.kind = kind;
    this.error = error;
  }
}

/**
 * The acquired lock, a failure to open the file, or the holder's record (null if the file names no
 * holder).
 */
type AttemptResult = FileLock | OpenFailure | OwnerRecord | null;

/** Returns null if another process holds the lock, or seems to. */
export function attempt(request: AttemptRequest, context = FIRST_ATTEMPT): FileLock | null {
  const result = tryOnce(request, context);
  // Begins the grace period of a late release when its reason is first seen, not with the last
  // attempt.
  if (locksOutliveHolders) retryReasonOf(result, request.gracePeriods);
  return result instanceof FileLock ? result : null;
}

/**
 * Makes the last attempt. Retries until neither a prober nor a transient failure can be mistaken
 * for a holder. Blocks the thread.
 */
export function lastAttemptSync(request: AttemptRequest): FileLock | null {
  const { gracePeriods, path } = request;
  const result = retryPastProbersSync(
    () => tryOnce(request, FIRST_ATTEMPT),
    (each) => retryReasonOf(each, gracePeriods),
    gracePeriods,
  );
  return lockOrNull(result, path);
}

/**
 * Same as {@link lastAttemptSync}, without blocking the thread.
 *
 * @throws `signal.reason` as soon as the signal aborts
 */
export async function lastAttempt(
  request: AttemptRequest,
  context: AttemptContext,
  signal: AbortSignal | undefined,
): Promise<FileLock | null> {
  const { gracePeriods, path } = request;
  const result = await retryPastProbers(
    () => tryOnce(request, context),
    (each) => retryReasonOf(each, gracePeriods),
    gracePeriods,
    signal,
  );
  return lockOrNull(result, path);
}

function lockOrNull(result: AttemptResult, path: string): FileLock | null {
  if (result instanceof OpenFailure) throw toLockError(result.error, path);
  return result instanceof FileLock ? result : null;
}

/**
 * A refusal is final only if the holder is known to be alive. A file lease gets the same grace
 * period as a prober.
 */
function retryReasonOf(result: AttemptResult, gracePeriods: GracePeriods): 'final' | RetryReason {
  if (result instanceof FileLock) return 'final';
  if (result instanceof OpenFailure) return result.kind === 'lease' ? 'prober' : 'transient';
  const alive = result === null ? null : isOwnerAlive(result);
  if (alive === true) return 'final';
  return alive === false && gracePeriods.mayReleaseLate() ? 'transient' : 'prober';
}

function tryOnce(request: AttemptRequest, { waiter, waitMode }: AttemptContext): AttemptResult {
  const result = tryNative(request, waiter);
  if (typeof result === 'string') return parseRecord(result);
  if (typeof result !== 'number') return result;
  const { verdict, owner } = inspectLeftover(result, request);
  if (verdict === 'held-by-record') return owner;
  try {
    const reclaimed = reclaimReasonOf(verdict);
    return completeAcquire(result, request, { reclaimed, predecessor: reclaimed === null ? null : owner, waitMode });
  } catch (error) {
    native().undo(result);
    throw toLockError(error, request.path);
  }
}

function tryNative(
  { path, flags, gracePeriods }: AttemptRequest,
  waiter: WaiterId | undefined,
): LockId | string | OpenFailure {
  try {
    const result = waiter === undefined ? native().tryAcquire(path, flags) : native().retry(waiter);
    gracePeriods.endOpenFailures();
    return result;
  } catch (error) {
    if ((error as { detail?: string }).detail === 'file-lease') return new OpenFailure('lease', error);
    if (gracePeriods.shouldRetryOpen(error)) return new OpenFailure('transient', error);
    throw toLockError(error, path);
  }
}

const FREE: Leftover = { verdict: 'free', owner: null };
const HELD_BY_UNKNOWN: Leftover = { verdict: 'held-by-record', owner: null };

/**
 * Step 5 of docs/protocol.md. Judges what the file contained before the kernel granted the lock.
 * Until then the file may belong to a living gateway, or may not be a lock file at all. So unless
 * the lock is usable, this leaves the file as it is.
 */
function inspectLeftover(id: LockId, request: AttemptRequest): Leftover {
  let usable = false;
  try {
    const leftover = readLeftover(id, request);
    refuse(leftover, request.path);
    usable = leftover.verdict !== 'held-by-record';
    return leftover;
  } catch (error) {
    throw toLockError(error, request.path);
  } finally {
    if (!usable) native().undo(id);
  }
}

function readLeftover(id: LockId, request: AttemptRequest): Leftover {
  if (!request.judged) return FREE;
  if (!native().isBlank(id)) return judgeLeftover(native().readContent(id), request);
  // OpenClaw locks its coordinator before it writes its record.
  return request.ownPath && isCoordinatorLocked(request.path) ? HELD_BY_UNKNOWN : FREE;
}

function refuse({ verdict, owner }: Leftover, path: string): void {
  if (verdict === 'not-a-lock-file') throw notALockFileError(path);
  if (verdict === 'other-view') throw otherViewError(path, owner!);
}

function reclaimReasonOf(verdict: Leftover['verdict']): ReclaimReason | null {
  return verdict === 'owner-gone' || verdict === 'port-free' || verdict === 'stale' ? verdict : null;
}

/** Step 6 of docs/protocol.md. Writes the owner record and creates the {@link FileLock}. */
function completeAcquire(
  id: LockId,
  request: AttemptRequest,
  outcome: Pick<FileLock, 'reclaimed' | 'predecessor' | 'waitMode'>,
): FileLock {
  const { path, mode, head } = request;
  const { reclaimed } = outcome;
  const record = head === null ? null : createRecord(head);
  if (record !== null) native().writeRecord(id, formatRecord(record));
  const strength = native().strengthOf(id);
  if (strength === 'weak' && request.weakFileSystem === 'warn') warnWeak(path);
  if (reclaimed !== null) announce('gateway-lock:reclaim', () => ({ path, reason: reclaimed }));
  const lock = new FileLock(id, record, { path, mode, strength, ...outcome });
  announce('gateway-lock:acquire', () => ({ path, mode, owner: lock.owner }));
  return lock;
}

function warnWeak(path: string): void {
  process.emitWarning(`the file system of '${path}' grants the lock to two processes at once: nothing is protected`, {
    type: 'LockWarning',
    code: 'ERR_LOCK_WEAK_FILESYSTEM' satisfies LockErrorCode,
  });
}
