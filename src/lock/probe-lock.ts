// Asks from outside who holds a lock.
import { resolve } from 'node:path';
import { checkFlag, checkOptions, checkPath } from '../arguments.js';
import type { OwnerRecord } from '../errors.js';
import type { NativeLockProbe } from '../native/binding.js';
import { native } from '../native/load.js';
import { GracePeriods } from './grace-period.js';
import { checkEndpoint, isCoordinatorLocked, judgeLeftover, type LeftoverContext } from './leftover.js';
import { notALockFileError, toLockError } from './lock-error.js';
import { accessFlag, type TryAcquireLockOptions } from './lock-options.js';
import { isOwnerAlive } from './owner-liveness.js';
import { retryPastProbersSync } from './prober-grace.js';
import { parseRecord } from './record-parser.js';

export interface ProbeLockOptions extends Pick<TryAcquireLockOptions, 'record' | 'access' | 'endpoint'> {}

export interface LockProbe {
  /**
   * `held`: a process holds the lock. `leftover`: no process holds it, and the file names a former owner; it blocks
   * nothing. `free`: no process holds it, and the file names none. `missing`: there is no file.
   */
  readonly state: 'free' | 'held' | 'leftover' | 'missing';
  /** `record`: a gateway that holds no kernel lock, only a record (OpenClaw). null unless held. */
  readonly heldBy: 'exclusive' | 'shared' | 'record' | null;
  readonly owner: OwnerRecord | null;
  /** null when there is no owner, or when this system cannot tell. */
  readonly ownerAlive: boolean | null;
}

/** @internal */
export interface ProbeRequest extends LeftoverContext {
  readonly flags: number;
  readonly judged: boolean;
}

/**
 * Looks at a lock without creating, changing or removing anything. Judges a file as `tryAcquireLock` with the same options does:
 * `held` exactly where that would be refused.
 *
 * @throws {LockError} `ERR_LOCK_INVALID_FILE`, `ERR_LOCK_PERMISSION`, `ERR_LOCK_UNSUPPORTED`
 */
export function probeLock(path: string, options: ProbeLockOptions = {}): LockProbe {
  checkOptions(options);
  return probe({
    path: resolve(checkPath('path', path)),
    flags: accessFlag(options.access),
    judged: checkFlag('record', options.record ?? true),
    endpoint: checkEndpoint(options.endpoint),
    ownPath: false,
  });
}

/** @internal */
export function probe(request: ProbeRequest): LockProbe {
  const gracePeriods = new GracePeriods();
  const answer = retryPastProbersSync(
    () => probeUnlessDenied(request, gracePeriods),
    (each) => {
      if (each === null) return 'passing';
      return each.state !== 'held' || each.ownerAlive === true ? 'certain' : 'doubtful';
    },
  );
  return answer!; // Not null: the last denial either ended or was thrown.
}

/** Returns null if the file could not be opened, probably for a moment only. @internal */
export function probeUnlessDenied(request: ProbeRequest, gracePeriods: GracePeriods): LockProbe | null {
  try {
    return probeOnce(request);
  } catch (error) {
    const { cause = error } = error as Error;
    if (gracePeriods.shouldRetryOpen(cause)) return null;
    throw error;
  }
}

/** What the kernel says at this moment, probers included. @internal */
export function probeOnce(request: ProbeRequest): LockProbe {
  const found = probeNative(request);
  if (found.state === 'missing') return probeMissing(request);
  if (found.state !== 'free') return { ...heldBy(found.state), ...named(parseRecord(found.text)) };
  return request.judged ? judgeFree(found, request) : { state: 'free', heldBy: null, owner: null, ownerAlive: null };
}

function probeMissing({ path, ownPath }: ProbeRequest): LockProbe {
  if (ownPath && isCoordinatorLocked(path)) return { ...heldBy('record'), ...named(null) };
  return { state: 'missing', heldBy: null, owner: null, ownerAlive: null };
}

/** No process has the kernel lock. */
function judgeFree(found: NativeLockProbe, request: ProbeRequest): LockProbe {
  const { verdict, owner } = judgeLeftover(found, request);
  if (verdict === 'not-a-lock-file') throw notALockFileError(request.path);
  if (verdict === 'held-by-record') return { ...heldBy('record'), ...named(owner) };
  if (verdict === 'other-view') return { ...heldBy('exclusive'), ...named(owner) };
  return { state: owner === null ? 'free' : 'leftover', heldBy: null, ...named(owner) };
}

function heldBy(kind: NonNullable<LockProbe['heldBy']>) {
  return { state: 'held', heldBy: kind } as const;
}

function named(owner: OwnerRecord | null): Pick<LockProbe, 'owner' | 'ownerAlive'> {
  return { owner, ownerAlive: owner === null ? null : isOwnerAlive(owner) };
}

function probeNative({ path, flags }: ProbeRequest): NativeLockProbe {
  try {
    return native().probeLock(path, flags);
  } catch (error) {
    throw toLockError(error, path);
  }
}
