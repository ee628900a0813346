// Probes a lock: reports the holder without acquiring the lock.
import type { PathLike } from 'node:fs';
import { resolve } from 'node:path';
import { checkFlag, checkOptions, checkPath } from '../arguments.js';
import type { OwnerRecord } from '../errors.js';
import type { NativeLockProbe } from '../native/binding.js';
import { native, useNativeBinding } from '../native/load.js';
import { assertFileAllowed } from '../native/permission.js';
import { GracePeriods, retryPastProbersSync } from './grace-period.js';
import { checkEndpoint, isCoordinatorLocked, judgeLeftover, type LockTarget } from './leftover.js';
import { notALockFileError, toLockError } from './lock-error.js';
import { accessFlag, TRY_OPTIONS, type TryAcquireLockOptions } from './lock-options.js';
import { isOwnerAlive } from './process-identity.js';
import { parseRecord } from './record-parser.js';

/**
 * Options of {@link probeLock}.
 *
 * @example
 * const options: ProbeLockOptions = { access: 'group' };
 * console.log(probeLock('job.lock', options).state);
 */
export interface ProbeLockOptions
  extends Pick<TryAcquireLockOptions, 'record' | 'access' | 'endpoint' | 'nativeBinding'> {}

/**
 * What {@link probeLock} found out. `state` tells which other fields are set.
 *
 * @example
 * const probe: LockProbe = probeLock('job.lock');
 * if (probe.state === 'leftover') console.log(`pid ${probe.owner.pid} left the file`);
 */
export type LockProbe = HeldLockProbe | LeftoverLockProbe | UnheldLockProbe;

/**
 * A process holds the lock.
 *
 * @example
 * const describe = ({ heldBy, owner }: HeldLockProbe) => `${heldBy} lock of pid ${owner?.pid ?? 'unknown'}`;
 * const probe = probeLock('job.lock');
 * if (probe.state === 'held') console.log(describe(probe));
 */
export interface HeldLockProbe {
  readonly state: 'held';
  /**
   * How the lock is held. `record` means that an older gateway holds it by its record alone,
   * without a kernel lock.
   */
  readonly heldBy: 'exclusive' | 'shared' | 'record';
  /** The holder's owner record. Null if the file names no owner. */
  readonly owner: OwnerRecord | null;
  /**
   * True if the owner is alive, false if it has ended. Null if there is no owner or its state is
   * unknown.
   */
  readonly ownerAlive: boolean | null;
  /**
   * The living process that holds the lock, if the record names a dead process: a process
   * that has inherited the lock. Linux only. Absent if the record names the holder, or unknown.
   */
  readonly holderPid?: number;
}

/**
 * No process holds the lock, but the file names a former owner, which does not block the lock.
 *
 * @example
 * const describe = ({ owner }: LeftoverLockProbe) => `left by pid ${owner.pid}`;
 * const probe = probeLock('job.lock');
 * if (probe.state === 'leftover') console.log(describe(probe));
 */
export interface LeftoverLockProbe {
  readonly state: 'leftover';
  readonly heldBy: null;
  readonly owner: OwnerRecord;
  /** True if the owner is alive, false if it has ended. Null if its state is unknown. */
  readonly ownerAlive: boolean | null;
}

/**
 * No process holds the lock. `free`: the lock file names no owner. `missing`: there is no lock
 * file.
 *
 * @example
 * const describe = ({ state }: UnheldLockProbe) => (state === 'missing' ? 'no lock file' : 'free');
 * const probe = probeLock('job.lock');
 * if (probe.state === 'free' || probe.state === 'missing') console.log(describe(probe));
 */
export interface UnheldLockProbe {
  readonly state: 'free' | 'missing';
  readonly heldBy: null;
  readonly owner: null;
  readonly ownerAlive: null;
}

interface ProbeRequest extends LockTarget {
  readonly flags: number;
  readonly judged: boolean;
}

/**
 * Reports the state of a lock without creating, changing or removing anything. The state is `held`
 * if and only if `tryAcquireLock` with the same options would be refused because of a holder.
 *
 * @example
 * const probe = probeLock('job.lock');
 * console.log(probe.state === 'held' ? `held by pid ${probe.owner?.pid}` : probe.state);
 * @throws {LockError} `ERR_LOCK_INVALID_FILE` if the file is not a lock file, or is not safe to use
 * @throws {LockError} `ERR_LOCK_PERMISSION` if this process may not read the file
 * @throws {LockError} `ERR_LOCK_UNSUPPORTED` if the file system has no file locks
 */
export function probeLock(path: PathLike, options: ProbeLockOptions = {}): LockProbe {
  checkOptions(options, TRY_OPTIONS);
  useNativeBinding(options.nativeBinding);
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
  // Not null, because a failure to open the file is retried until the failure ends or is thrown.
  return withHolder(result!, request.path);
}

/** Adds the living holder to the result of a probe if the record does not name it. */
export function withHolder(probed: LockProbe, path: string): LockProbe {
  const { heldBy, owner, ownerAlive } = probed;
  // The search takes milliseconds, so it is made only if the record names a dead process.
  if (heldBy !== 'exclusive' || owner === null || ownerAlive !== false) return probed;
  const holderPid = native()
    .findLockHolders(path)
    .find((pid) => isOtherAndAlive(pid, owner));
  return holderPid === undefined ? probed : { ...probed, holderPid };
}

/** Returns false for the owner, which may be dying, and for this process, which may have copies. */
function isOtherAndAlive(pid: number, owner: OwnerRecord): boolean {
  return pid !== owner.pid && pid !== process.pid && native().processStartToken(pid) !== -1;
}

/**
 * Probes once. Returns null if the lock file could not be opened, probably only temporarily.
 * @internal
 */
export function probeUnlessOpenFails(request: ProbeRequest, gracePeriods: GracePeriods): LockProbe | null {
  try {
    return probeOnce(request);
  } catch (error) {
    const { cause = error } = error as Error;
    if (gracePeriods.shouldRetryOpen(cause)) return null;
    throw error;
  }
}

/** Probes once. The state may be `held` because of another prober. */
function probeOnce(request: ProbeRequest): LockProbe {
  const found = probeNative(request);
  if (found.state === 'missing') return probeMissing(request);
  if (found.state !== 'free') return { ...heldBy(found.state), ...named(parseRecord(found.text)) };
  return request.judged ? judgeFree(found, request) : unheld('free');
}

function probeMissing({ path, ownPath }: ProbeRequest): LockProbe {
  if (ownPath && isCoordinatorLocked(path)) return { ...heldBy('record'), ...named(null) };
  return unheld('missing');
}

/** Reports on a lock file whose kernel lock is free. */
function judgeFree(found: NativeLockProbe, request: ProbeRequest): LockProbe {
  const { verdict, owner } = judgeLeftover(found, request);
  if (verdict === 'not-a-lock-file') throw notALockFileError(request.path);
  if (verdict === 'held-by-record') return { ...heldBy('record'), ...named(owner) };
  if (verdict === 'other-view') return { ...heldBy('exclusive'), ...named(owner) };
  return owner === null ? unheld('free') : { state: 'leftover', heldBy: null, owner, ownerAlive: isOwnerAlive(owner) };
}

function unheld(state: UnheldLockProbe['state']): UnheldLockProbe {
  return { state, heldBy: null, owner: null, ownerAlive: null };
}

function heldBy(kind: HeldLockProbe['heldBy']) {
  return { state: 'held', heldBy: kind } as const;
}

function named(owner: OwnerRecord | null): Pick<LockProbe, 'owner' | 'ownerAlive'> {
  return { owner, ownerAlive: owner === null ? null : isOwnerAlive(owner) };
}

function probeNative({ path, flags }: ProbeRequest): NativeLockProbe {
  assertFileAllowed(path, ['read']);
  try {
    return native().probeLock(path, flags);
  } catch (error) {
    throw toLockError(error, path);
  }
}
