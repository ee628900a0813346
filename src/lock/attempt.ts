// One attempt at a lock: what the kernel says, what the file held before, and our own record in it.
import type { LockErrorCode, OwnerRecord } from '../errors.js';
import { announce } from '../events.js';
import type { LockId, WaiterId } from '../native/binding.js';
import { locksOutliveHolders } from '../native/late-release.js';
import { native } from '../native/load.js';
import { FileLock, type WaitMode } from './file-lock.js';
import type { GracePeriods } from './grace-period.js';
import { isCoordinatorLocked, judgeLeftover, type Leftover, type ReclaimReason } from './leftover.js';
import { notALockFileError, otherViewError, toLockError } from './lock-error.js';
import type { AttemptRequest } from './lock-options.js';
import { isOwnerAlive } from './owner-liveness.js';
import { formatRecord, newAcquisition } from './owner-record.js';
import { type Certainty, retryPastProbers, retryPastProbersSync } from './prober-grace.js';
import { parseRecord } from './record-parser.js';

/** What this attempt inherits from earlier ones: the waiter's open file, and how it has been waiting. */
export interface AttemptContext {
  readonly waiter?: WaiterId | undefined;
  readonly waitMode: WaitMode | null;
}

const FIRST_ATTEMPT: AttemptContext = { waitMode: null };

/** Opening the file failed, probably for a moment only. `lease`: for as long as another program's file lease lasts. */
interface Denial {
  readonly denial: 'transient' | 'lease';
  readonly error: unknown;
}

/** The lock; a denial; or the record of the holder, null if the file names none. */
type Answer = FileLock | OwnerRecord | Denial | null;

/** Returns null if another process holds the lock, or seems to. */
export function attempt(request: AttemptRequest, context = FIRST_ATTEMPT): FileLock | null {
  const answer = tryOnce(request, context);
  // A grace period begins when its reason is first seen, and not with the last attempt.
  if (locksOutliveHolders) certaintyOf(answer, request.gracePeriods);
  return answer instanceof FileLock ? answer : null;
}

/**
 * The last attempt. Retries until neither a prober nor a transient failure can be mistaken for a holder. Blocks the thread.
 */
export function lastAttemptSync(request: AttemptRequest): FileLock | null {
  const answer = retryPastProbersSync(
    () => tryOnce(request, FIRST_ATTEMPT),
    (each) => certaintyOf(each, request.gracePeriods),
  );
  return conclude(answer, request.path);
}

/** As {@link lastAttemptSync}, without blocking. @throws `signal.reason` as soon as the signal aborts */
export async function lastAttempt(
  request: AttemptRequest,
  context: AttemptContext,
  signal: AbortSignal | undefined,
): Promise<FileLock | null> {
  const answer = await retryPastProbers(
    () => tryOnce(request, context),
    (each) => certaintyOf(each, request.gracePeriods),
    signal,
  );
  return conclude(answer, request.path);
}

function conclude(answer: Answer, path: string): FileLock | null {
  if (isDenial(answer)) throw toLockError(answer.error, path);
  return answer instanceof FileLock ? answer : null;
}

function certaintyOf(answer: Answer, gracePeriods: GracePeriods): Certainty {
  if (answer instanceof FileLock) return 'certain';
  if (isDenial(answer)) return answer.denial === 'lease' ? 'doubtful' : 'passing';
  const alive = answer === null ? null : isOwnerAlive(answer);
  if (alive === true) return 'certain';
  return alive === false && gracePeriods.mayReleaseLate() ? 'passing' : 'doubtful';
}

function isDenial(answer: Answer): answer is Denial {
  return answer !== null && !(answer instanceof FileLock) && 'denial' in answer;
}

function tryOnce(request: AttemptRequest, { waiter, waitMode }: AttemptContext): Answer {
  const result = tryNative(request, waiter);
  if (typeof result === 'string') return parseRecord(result);
  if (typeof result !== 'number') return result;
  const { verdict, owner } = inspectLeftover(result, request);
  if (verdict === 'held-by-record') return owner;
  try {
    const reclaimed = reasonOf(verdict);
    return completeAcquire(result, request, { reclaimed, predecessor: reclaimed === null ? null : owner, waitMode });
  } catch (error) {
    native().undo(result);
    throw toLockError(error, request.path);
  }
}

function tryNative(
  { path, flags, gracePeriods }: AttemptRequest,
  waiter: WaiterId | undefined,
): LockId | string | Denial {
  try {
    const result = waiter === undefined ? native().tryAcquire(path, flags) : native().retry(waiter);
    gracePeriods.endDenials();
    return result;
  } catch (error) {
    if ((error as { detail?: string }).detail === 'file-lease') return { denial: 'lease', error };
    if (gracePeriods.shouldRetryOpen(error)) return { denial: 'transient', error };
    throw toLockError(error, path);
  }
}

const FREE: Leftover = { verdict: 'free', owner: null };
const HELD_BY_UNKNOWN: Leftover = { verdict: 'held-by-record', owner: null };

/**
 * Step 5 of docs/protocol.md. Judges what the file held before the kernel gave us the lock. Until that is known the file
 * may be a living gateway's, or no lock file at all, so any other outcome leaves it as it is.
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

function reasonOf(verdict: Leftover['verdict']): ReclaimReason | null {
  return verdict === 'owner-gone' || verdict === 'port-free' || verdict === 'stale' ? verdict : null;
}

/** Step 6. Writes our record and makes the lock. */
function completeAcquire(
  id: LockId,
  request: AttemptRequest,
  how: Pick<FileLock, 'reclaimed' | 'predecessor' | 'waitMode'>,
): FileLock {
  const { path, mode, head } = request;
  const { reclaimed } = how;
  const record = head === null ? null : { head, acquisition: newAcquisition() };
  if (record !== null) native().writeRecord(id, formatRecord(record));
  const strength = native().strengthOf(id);
  if (strength === 'weak' && request.weakFileSystem === 'warn') warnWeak(path);
  if (reclaimed !== null) announce('gateway-lock:reclaim', () => ({ path, reason: reclaimed }));
  const lock = new FileLock(id, { path, mode, strength, record, ...how });
  announce('gateway-lock:acquire', () => ({ path, mode, owner: lock.owner }));
  return lock;
}

function warnWeak(path: string): void {
  process.emitWarning(`the file system of '${path}' grants the lock to two processes at once: nothing is protected`, {
    type: 'LockWarning',
    code: 'ERR_LOCK_WEAK_FILESYSTEM' satisfies LockErrorCode,
  });
}
