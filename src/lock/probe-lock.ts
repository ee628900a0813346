// Probes a lock: reports its holder without acquiring it.
import { resolve } from 'node:path';
import { checkFlag, checkOptions, checkPath } from '../arguments.js';
import type { OwnerRecord } from '../errors.js';
import type { NativeLockProbe } from '../native/binding.js';
import { native } from '../native/load.js';
import { GracePeriods, retryPastProbersSync } from './grace-period.js';
import { checkEndpoint, isCoordinatorLocked, judgeLeftover, type LockTarget } from './leftover.js';
import { notALockFileError, toLockError } from './lock-error.js';
import { accessFlag, type TryAcquireLockOptions } from './lock-options.js';
import { isOwnerAlive } from './process-identity.js';
import { parseRecord } from './record-parser.js';

export interface ProbeLockOptions extends Pick<TryAcquireLockOptions, 'record' | 'access' | 'endpoint'> {}

export interface LockProbe {
  /**
   * `held`: a process holds the lock. `leftover`: no process holds the lock, and the file names a
   * former owner; it blocks nothing. `free`: no process holds the lock, and the file names no
   * owner. `missing`: there is no file.
   */
  readonly state: 'free' | 'held' | 'leftover' | 'missing';
  /**
   * `record`: by the record of an older gateway, without a kernel lock. Null unless the lock is
   * held.
   */
  readonly heldBy: 'exclusive' | 'shared' | 'record' | null;
  readonly owner: OwnerRecord | null;
  /** Null if there is no owner, or if this system cannot tell. */
  readonly ownerAlive: boolean | null;
}

interface ProbeRequest extends LockTarget {
  readonly flags: number;
  readonly judged: boolean;
}

/**
 * Reports the state of a lock without creating, changing or removing anything. The state is `held`
 * exactly if a holder would keep `tryAcquireLock` with the same options from acquiring the lock.
 *
 * @throws {LockError} `ERR_LOCK_INVALID_FILE` if the file is not a lock file or not safe to use
 * @throws {LockError} `ERR_LOCK_PERMISSION` if this process may not read the file
 * @throws {LockError} `ERR_LOCK_UNSUPPORTED` if the file system has no file locks
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
  const result = retryPastProbersSync(
    () => probeUnlessOpenFails(request, gracePeriods),
    (each) => {
      if (each === null) return 'transient';
      return each.state !== 'held' || each.ownerAlive === true ? 'final' : 'prober';
    },
    gracePeriods,
  );
  return result!; // Not null: the last failure to open the file either ended or was thrown.
}

/** Returns null if the file could not be opened, probably for a moment only. @internal */
export function probeUnlessOpenFails(request: ProbeRequest, gracePeriods: GracePeriods): LockProbe | null {
  try {
    return probeOnce(request);
  } catch (error) {
    const { cause = error } = error as Error;
    if (gracePeriods.shouldRetryOpen(cause)) return null;
    throw error;
  }
}

/** Probes once. Another prober looks like a holder. */
function probeOnce(request: ProbeRequest): LockProbe {
  const found = probeNative(request);
  if (found.state === 'missing') return probeMissing(request);
  if (found.state !== 'free') return { ...heldBy(found.state), ...named(parseRecord(found.text)) };
  return request.judged ? judgeFree(found, request) : { state: 'free', heldBy: null, owner: null, ownerAlive: null };
}

function probeMissing({ path, ownPath }: ProbeRequest): LockProbe {
  if (ownPath && isCoordinatorLocked(path)) return { ...heldBy('record'), ...named(null) };
  return { state: 'missing', heldBy: null, owner: null, ownerAlive: null };
}

/** Judges the file when no process holds the kernel lock. */
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
