// Decides what the content of a lock file means when the kernel lock is free, according to the
// table in step 5 of docs/protocol.md. Both acquire and probe use judgeLeftover(), so that they
// always agree.
//
// A record of this package does not block the lock, because the process that wrote it held the
// kernel lock, which is now free. The lock can still be held by a gateway that writes a record
// without holding a kernel lock (OpenClaw), or by a holder that uses the lock file through another
// mount.
import { statSync } from 'node:fs';
import { checkPort, invalidType } from '../arguments.js';
import { addressesOf, connectableAddress, type Endpoint } from '../endpoint.js';
import type { OwnerRecord } from '../errors.js';
import type { LockFileContent } from '../native/binding.js';
import { native } from '../native/load.js';
import { isOwnerAlive } from './process-identity.js';
import { isBlank, isLockFile, parseRecord } from './record-parser.js';

/**
 * Why a leftover lock file could be reclaimed. `owner-gone`: the owner has ended or no longer holds
 * the lock. `port-free`: it is unknown whether the owner is alive, but no process listens on its
 * port. `stale`: the file names no owner (torn, damaged), or was last written more than 30 s ago
 * and its owner could not be confirmed to be alive.
 *
 * @example
 * const lock = await acquireLock('job.lock');
 * const reason: ReclaimReason | null = lock.reclaimed;
 * if (reason !== null) console.log(`pid ${lock.predecessor?.pid} did not finish (${reason})`);
 * lock.release();
 */
export type ReclaimReason = 'owner-gone' | 'port-free' | 'stale';

/**
 * The verdict on a lock file whose kernel lock is free. `held-by-record`: a living gateway holds
 * the lock without a kernel lock. `other-view`: a living holder uses the lock file through another
 * mount.
 */
export type Verdict = ReclaimReason | 'free' | 'held-by-record' | 'other-view' | 'not-a-lock-file';

/** The verdict on a lock file, and the owner that the file names. */
export interface Leftover {
  readonly verdict: Verdict;
  readonly owner: OwnerRecord | null;
}

/** A lock file, and facts about the lock that are not in the content of the file. */
export interface LockTarget {
  readonly path: string;
  /** The holder's endpoint, used if its record contains no port. */
  readonly endpoint: Endpoint | undefined;
  /** True if the package chose the path (in a lock directory), false if the caller did. */
  readonly ownPath: boolean;
}

/**
 * If it is unknown whether an owner is alive, it is assumed to be alive until this many
 * milliseconds after the last write to its lock file.
 */
export const STALE_AFTER_MS = 30_000;

/** `owner` is the result of parseRecord() for the content. */
export function judgeLeftover(
  content: LockFileContent,
  target: LockTarget,
  owner = parseRecord(content.text),
): Leftover {
  return { verdict: verdictOf(content, owner, target), owner };
}

function verdictOf(content: LockFileContent, owner: OwnerRecord | null, target: LockTarget): Verdict {
  // Even in the package's own lock directory, a file with several hard links may be an unrelated
  // file of the user's.
  const strict = !target.ownPath || content.hasOtherNames;
  if (strict && !isLockFile(content, owner)) return 'not-a-lock-file';
  if (owner?.kernelLock) return judgeOurs(owner, target.path);
  const recordOnly = owner !== null || target.ownPath;
  if (recordOnly && isCoordinatorLocked(target.path)) return 'held-by-record';
  if (owner !== null) return judgeRecordOnly(owner, target);
  return isBlank(content) ? 'free' : 'stale';
}

/**
 * Returns true if OpenClaw holds the lock. OpenClaw does not lock the file itself, but keeps an
 * exclusive transaction open on the SQLite database next to it.
 */
export function isCoordinatorLocked(lockPath: string): boolean {
  return native().isSqliteLocked(`${lockPath}.sqlite`);
}

function judgeOurs(owner: OwnerRecord, path: string): Verdict {
  const another = owner.pid !== process.pid && isOwnerAlive(owner) === true;
  return another && native().isHeldInOtherView(path, owner.pid) ? 'other-view' : 'owner-gone';
}

function judgeRecordOnly(owner: OwnerRecord, { path, endpoint }: LockTarget): Verdict {
  const alive = isOwnerAlive(owner);
  if (alive === false) return 'owner-gone';
  if (alive === true) return 'held-by-record';
  const listening = probeOwnerPort(owner, endpoint);
  if (listening === 'free') return 'port-free';
  const known = listening === 'owner';
  return !known && ageMs(path) > STALE_AFTER_MS ? 'stale' : 'held-by-record';
}

/**
 * Returns 'owner' if the process in the record listens on the owner's port, which proves that the
 * owner is alive.
 */
function probeOwnerPort(owner: OwnerRecord, endpoint: Endpoint | undefined): 'free' | 'owner' | 'unknown' {
  const port = owner.port ?? endpoint?.port ?? 0;
  if (port === 0) return 'unknown';
  const [address] = addressesOf(endpoint?.host ?? '127.0.0.1');
  try {
    if (native().probePort(connectableAddress(address!), port) === 'refused') return 'free';
    return native().findListenerPid(address!, port) === owner.pid ? 'owner' : 'unknown';
  } catch {
    // A failed probe does not prove that the port is free. It can fail because the interface is
    // down or no descriptor is available, for example.
    return 'unknown';
  }
}

/**
 * Returns the age of a file in milliseconds. If the file is dated in the future because the clock
 * was set back, returns the absolute value, so that it does not count as new forever.
 */
function ageMs(path: string): number {
  const { mtimeMs = Date.now() } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return Math.abs(Date.now() - mtimeMs);
}

/** @throws {TypeError|RangeError} `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE` */
export function checkEndpoint(value: Endpoint | undefined): Endpoint | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null) throw invalidType('endpoint', 'an object', value);
  addressesOf(value.host);
  checkPort('endpoint.port', value.port);
  return value;
}
