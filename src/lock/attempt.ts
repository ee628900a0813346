// One attempt to acquire a lock: acquires the kernel lock, checks the previous content of the file,
// and writes the new owner record.
import type { LockErrorCode, OwnerRecord } from '../errors.js';
import { announce } from '../events.js';
import { LOCK_FLAG, type LockFileContent, type LockId, type WaiterId } from '../native/binding.js';
import { native } from '../native/load.js';
import { assertFileAllowed } from '../native/permission.js';
import { locksOutliveHolders } from '../native/platform.js';
import { FileLock, type WaitMode } from './file-lock.js';
import { type GracePeriods, type RetryReason, retryPastProbers, retryPastProbersSync } from './grace-period.js';
import { isCoordinatorLocked, judgeLeftover, type Leftover, type ReclaimReason } from './leftover.js';
import { notALockFileError, otherViewError, toLockError } from './lock-error.js';
import type { AttemptRequest } from './lock-options.js';
import { isOwnerAlive } from './process-identity.js';
import { createRecord, formatRecord, warmUpRecord } from './record-encoder.js';
import { parseRecord } from './record-parser.js';

/** The waiter that makes an attempt, and its wait mode. An attempt without a wait has neither. */
export interface AttemptContext {
  readonly waiter?: WaiterId | undefined;
  readonly waitMode: WaitMode | null;
}

const FIRST_ATTEMPT: AttemptContext = { waitMode: null };

/**
 * A failure to open the lock file that is probably temporary. `lease` means that another program
 * holds a lease on the file. This is a class so that it can be told apart from an owner record, a
 * plain object that may have any fields, even `kind` and `error`.
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
 * The result of an attempt: the acquired lock, a failure to open the file, or the holder's record.
 * Null if the file does not name a holder.
 */
type AttemptResult = FileLock | OpenFailure | OwnerRecord | null;

/** Makes one attempt. Returns null if another process holds the lock or appears to hold it. */
export function attempt(request: AttemptRequest, context = FIRST_ATTEMPT): FileLock | null {
  const result = tryOnce(request, context);
  // Begins the grace period for a late release, which must start with the first refused attempt,
  // not with the last one.
  if (locksOutliveHolders) retryReasonOf(result, request.gracePeriods);
  return result instanceof FileLock ? result : null;
}

/**
 * Makes a caller's last attempt. Retries until the refusal can no longer be due to a prober or a
 * transient failure. Blocks the thread.
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
 * Like {@link lastAttemptSync}, but does not block the thread.
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
 * Returns the reason to retry a refused attempt, or 'final' if the holder is known to be alive. A
 * file lease has the same grace period as a prober.
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
  if (typeof result === 'string') return holderIn(result);
  if (typeof result !== 'number') return result;
  const acquired = acquireGranted(result, request, waitMode);
  report(acquired, request);
  return acquired;
}

/**
 * Steps 5 and 6 of docs/protocol.md, after the kernel has granted the lock. Returns the owner
 * record if a living gateway holds the lock without a kernel lock.
 */
function acquireGranted(id: LockId, request: AttemptRequest, waitMode: WaitMode | null): FileLock | OwnerRecord | null {
  const { verdict, owner } = inspectLeftover(id, request);
  if (verdict === 'held-by-record') return owner;
  try {
    const reclaimed = reclaimReasonOf(verdict);
    return completeAcquire(id, request, { reclaimed, predecessor: reclaimed === null ? null : owner, waitMode });
  } catch (error) {
    native().undo(id);
    throw toLockError(error, request.path);
  }
}

/** The id of no lock. */
const NO_LOCK: LockId = 0;

/**
 * Warms up the code that runs after the kernel has granted the lock. Runs it without a lock, so that
 * it makes no system call and leaves no trace. Keeps the last refusal, which judgeContent() forgets.
 */
export function warmUpAttempt(request: AttemptRequest): void {
  const text = warmUpRecord();
  const harmless = { ...request, ownPath: false, head: null };
  const refusal = lastRefusal;
  judgeContent({ text, size: text.length, hasOtherNames: false }, harmless);
  acquireGranted(NO_LOCK, harmless, null);
  report(null, harmless);
  lastRefusal = refusal;
}

const NO_REFUSAL: { readonly text: string; readonly holder: OwnerRecord | null } = { text: '', holder: null };
let lastRefusal = NO_REFUSAL;

/**
 * Parses the record of the holder. Keeps the last result, because a caller that polls reads the
 * same record each time, and parsing takes a fifth of a refused attempt. The record does not leave
 * this module, so it is never changed.
 */
function holderIn(text: string): OwnerRecord | null {
  if (text !== lastRefusal.text) lastRefusal = { text, holder: parseRecord(text) };
  return lastRefusal.holder;
}

/**
 * Judges the content of the file, without parsing the record again that the last refusal has parsed.
 * Forgets that record, because the caller may keep and change it.
 */
function judgeContent(content: LockFileContent, request: AttemptRequest): Leftover {
  const holder = holderIn(content.text);
  lastRefusal = NO_REFUSAL;
  return judgeLeftover(content, request, holder);
}

function tryNative(
  { path, flags, gracePeriods }: AttemptRequest,
  waiter: WaiterId | undefined,
): LockId | string | OpenFailure {
  assertFileAllowed(path, flags & LOCK_FLAG.existingFile ? ['read'] : ['read', 'write']);
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
 * Step 5 of docs/protocol.md. Checks the previous content of the file after the kernel has granted
 * the lock. If the file belongs to a living gateway without a kernel lock, or is not a lock file at
 * all, drops the lock and leaves the file unchanged.
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
  if (!native().isBlank(id)) return judgeContent(native().readContent(id), request);
  // A blank file may already belong to OpenClaw, which locks its coordinator database before it
  // writes its record.
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
  const record = head === null ? null : createRecord(head);
  if (record !== null) native().writeRecord(id, formatRecord(record));
  return new FileLock(id, record, { path, mode, strength: native().strengthOf(id), ...outcome });
}

/** Announces an acquired lock. Any other result of an attempt is not announced. */
function report(lock: FileLock | OwnerRecord | null, { weakFileSystem }: AttemptRequest): void {
  if (!(lock instanceof FileLock)) return;
  const { path, mode, reclaimed, strength } = lock;
  if (strength === 'weak' && weakFileSystem === 'warn') warnWeak(path);
  if (reclaimed !== null) announce('gateway-lock:reclaim', () => ({ path, reason: reclaimed }));
  announce('gateway-lock:acquire', () => ({ path, mode, owner: lock.owner }));
}

function warnWeak(path: string): void {
  process.emitWarning(`the file system of '${path}' grants the lock to two processes at once: nothing is protected`, {
    type: 'LockWarning',
    code: 'ERR_LOCK_WEAK_FILESYSTEM' satisfies LockErrorCode,
  });
}
