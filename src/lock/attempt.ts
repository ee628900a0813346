// One try to take a lock: what the kernel says, what was in the file before, and our own record in it.
import { resolve } from 'node:path';
import { checkOneOf, checkOptions, checkPath } from '../arguments.js';
import type { OwnerRecord } from '../errors.js';
import { announce } from '../events.js';
import type { ContenderId, LockId } from '../native/binding.js';
import { emptyMeansReleased, locksOutliveHolders } from '../native/late-release.js';
import { native } from '../native/load.js';
import { FileLock, type LockMode, type WaitMode } from './file-lock.js';
import { Graces } from './graces.js';
import { toLockError } from './lock-error.js';
import { isOwnerAlive } from './owner-liveness.js';
import {
  checkOwnerFields,
  formatRecord,
  newAcquisition,
  type OwnerFields,
  parseRecord,
  type RecordHead,
  recordHead,
} from './owner-record.js';
import { askPastProbers, askPastProbersAsleep, type Certainty } from './prober-grace.js';
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
  /** null in shared mode, which writes no record. */
  readonly head: RecordHead | null;
  readonly weakFileSystem: 'error' | 'warn' | 'allow';
  readonly endpoint: Endpoint | undefined;
  readonly graces: Graces;
}

/** How the one came to it who tries: a contender keeps its file open; by default it is somebody who just comes. */
export interface Way {
  readonly contender?: ContenderId | undefined;
  readonly waited: WaitMode | null;
}

const JUST_COME: Way = { waited: null };

/** The file could not be opened just now, and may be so in a moment. */
const DENIED = Symbol('denied');

/** What was in a lock file that we have locked. `in-use`: leave it to its owner. */
interface Leftover {
  readonly verdict: ReclaimReason | 'in-use' | null;
  readonly owner: OwnerRecord | null;
}

/** null: somebody has it, or seems to. */
export function attempt(request: AttemptRequest, way = JUST_COME): FileLock | null {
  const taken = tryOnce(request, way);
  // A grace begins when its reason is first seen, and not with the last try.
  if (locksOutliveHolders) certaintyOf(taken, request.graces);
  return taken instanceof FileLock ? taken : null;
}

/** One that is the last: neither a prober nor a moment's denial must be taken for a holder. Blocks the thread meanwhile. */
export function attemptPastProbers(request: AttemptRequest): FileLock | null {
  const taken = askPastProbers(
    () => tryOnce(request, JUST_COME),
    (answer) => certaintyOf(answer, request.graces),
  );
  return taken instanceof FileLock ? taken : null;
}

/** The same, asleep. @throws `signal.reason` as soon as the signal aborts */
export async function attemptPastProbersAsleep(
  request: AttemptRequest,
  way: Way,
  signal: AbortSignal | undefined,
): Promise<FileLock | null> {
  const taken = await askPastProbersAsleep(
    () => tryOnce(request, way),
    (answer) => certaintyOf(answer, request.graces),
    signal,
  );
  return taken instanceof FileLock ? taken : null;
}

function certaintyOf(answer: Answer, graces: Graces): Certainty {
  if (answer instanceof FileLock) return 'certain';
  if (answer === DENIED) return 'passing';
  const alive = answer === null ? null : isOwnerAlive(answer);
  if (alive === true) return 'certain';
  return alive === false && graces.coverLateRelease() ? 'passing' : 'doubtful';
}

/** An owner's record, or null: somebody has it, and this is whom the file names. */
type Answer = FileLock | OwnerRecord | typeof DENIED | null;

function tryOnce(request: AttemptRequest, { contender, waited }: Way): Answer {
  const id = tryNative(request, contender);
  if (id === DENIED) return DENIED;
  if (typeof id === 'string') return parseRecord(id);
  const { verdict, owner } = judge(id, request);
  if (verdict === 'in-use') return owner;
  try {
    return hold(id, request, { reclaimed: verdict, waited });
  } catch (error) {
    letGo(id);
    throw toLockError(error, request.path);
  }
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
    // Before anything is taken, so that a record that is too long costs nothing.
    head: mode === 'shared' ? null : recordHead(fields),
    weakFileSystem: checkOneOf('weakFileSystem', weak, ['error', 'warn', 'allow']),
    endpoint: checkEndpoint(options.endpoint),
    graces: new Graces(),
  };
}

function tryNative(
  { path, mode, weakFileSystem, graces }: AttemptRequest,
  contender: ContenderId | undefined,
): LockId | string | typeof DENIED {
  try {
    const taken = contender
      ? native().tryAgain(contender)
      : native().tryAcquire(path, mode === 'shared', weakFileSystem !== 'error');
    graces.endDenials();
    return taken;
  } catch (error) {
    if (graces.coverDenial(error)) return DENIED;
    throw toLockError(error, path);
  }
}

/**
 * The kernel has given us the lock: what was there before? Until that is known the file may be a living
 * older gateway's, so whatever happens here leaves it as it is.
 */
function judge(id: LockId, request: AttemptRequest): Leftover {
  let leftover: Leftover = { verdict: 'in-use', owner: null };
  try {
    leftover = native().wasCreated(id) ? { verdict: null, owner: null } : readLeftover(id, request);
    return leftover;
  } catch (error) {
    throw toLockError(error, request.path);
  } finally {
    if (leftover.verdict === 'in-use') native().abandon(id);
  }
}

/** Says who we are. */
function hold(
  id: LockId,
  request: AttemptRequest,
  how: { readonly reclaimed: ReclaimReason | null; readonly waited: WaitMode | null },
): FileLock {
  const { path, mode, head } = request;
  const { reclaimed, waited } = how;
  const record = head === null ? null : { head, acquisition: newAcquisition() };
  if (record !== null) native().writeRecord(id, formatRecord(record));
  const strength = native().strengthOf(id);
  if (strength === 'weak' && request.weakFileSystem === 'warn') warnWeak(path);
  if (reclaimed !== null) announce('gateway-lock:reclaim', () => ({ path, reason: reclaimed }));
  const lock = new FileLock(id, { path, mode, strength, record, reclaimed, waited });
  announce('gateway-lock:acquire', () => ({ path, mode, owner: lock.owner }));
  return lock;
}

function readLeftover(id: LockId, { path, mode, endpoint }: AttemptRequest): Leftover {
  const text = native().readRecord(id);
  if (text === '' && emptyMeansReleased) return { verdict: null, owner: null };
  const owner = parseRecord(text);
  // Shared holders write no record: without one, this is their file, not a leftover.
  if (mode === 'shared' && owner === null) return { verdict: null, owner };
  return { verdict: judgeLeftover(owner, path, endpoint) ?? 'in-use', owner };
}

/** For a lock that could not be completed. A file that cannot be removed is left: it blocks nothing. */
function letGo(id: LockId): void {
  try {
    native().release(id);
  } catch {
    native().abandon(id);
  }
}

function warnWeak(path: string): void {
  process.emitWarning(`the file system of '${path}' grants the lock to two at once: nothing is protected`, {
    type: 'LockWarning',
    code: 'ERR_LOCK_WEAK_FILESYSTEM',
  });
}
