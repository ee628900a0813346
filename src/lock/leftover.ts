// Judges the content of a lock file whose kernel lock is free: the table in step 5 of
// docs/protocol.md. Acquire and probe call the same function, so that they never contradict each
// other.
//
// A record of this package does not block the lock: its writer held the kernel lock, and that is
// free now. Only two kinds of owners can still be alive then: a gateway that writes a record and
// holds no kernel lock (OpenClaw), and a holder that uses the file through another mount.
import { statSync } from 'node:fs';
import { checkPort, invalidType } from '../arguments.js';
import { addressesOf, connectableAddress, type Endpoint } from '../endpoint.js';
import type { OwnerRecord } from '../errors.js';
import type { LockFileContent } from '../native/binding.js';
import { native } from '../native/load.js';
import { isOwnerAlive } from './process-identity.js';
import { isBlank, isLockFile, parseRecord } from './record-parser.js';

/**
 * Why a leftover lock file could be reclaimed. `owner-gone`: its owner has ended, or no longer
 * holds the lock. `port-free`: it is unknown whether its owner is alive, and no process listens on
 * its port. `stale`: the file names no owner (torn, damaged), or an owner that could not be
 * confirmed to be alive for 30 s.
 */
export type ReclaimReason = 'owner-gone' | 'port-free' | 'stale';

/**
 * `held-by-record`: a living gateway without a kernel lock. `other-view`: a living holder that uses
 * another mount.
 */
export type Verdict = ReclaimReason | 'free' | 'held-by-record' | 'other-view' | 'not-a-lock-file';

/** The content of a lock file whose kernel lock is free. */
export interface Leftover {
  readonly verdict: Verdict;
  readonly owner: OwnerRecord | null;
}

/** A lock file, and what is known about it apart from its content. */
export interface LockTarget {
  readonly path: string;
  /** Where the holder of this lock listens if its record names no port. */
  readonly endpoint: Endpoint | undefined;
  /** True if the package chose the path (in a lock directory), false if the caller did. */
  readonly ownPath: boolean;
}

/**
 * Milliseconds since the last write for which an owner counts as alive if its liveness is unknown.
 */
export const STALE_AFTER_MS = 30_000;

export function judgeLeftover(content: LockFileContent, target: LockTarget): Leftover {
  const owner = parseRecord(content.text);
  return { verdict: verdictOf(content, owner, target), owner };
}

function verdictOf(content: LockFileContent, owner: OwnerRecord | null, target: LockTarget): Verdict {
  // A hard link in our directory may lead to any file of the user.
  const strict = !target.ownPath || content.hasOtherNames;
  if (strict && !isLockFile(content)) return 'not-a-lock-file';
  if (owner?.kernelLock) return judgeOurs(owner, target.path);
  const recordOnly = owner !== null || target.ownPath;
  if (recordOnly && isCoordinatorLocked(target.path)) return 'held-by-record';
  if (owner !== null) return judgeRecordOnly(owner, target);
  return isBlank(content) ? 'free' : 'stale';
}

/**
 * Returns true if OpenClaw holds the lock. It holds no kernel lock on the lock file, but has the
 * database beside it in an exclusive transaction.
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
 * Returns 'owner' if the process that the record names listens on its port, which proves that it is
 * alive.
 */
function probeOwnerPort(owner: OwnerRecord, endpoint: Endpoint | undefined): 'free' | 'owner' | 'unknown' {
  const port = owner.port ?? endpoint?.port ?? 0;
  if (port === 0) return 'unknown';
  const [address] = addressesOf(endpoint?.host ?? '127.0.0.1');
  try {
    if (native().probePort(connectableAddress(address!), port) === 'refused') return 'free';
    return native().findListenerPid(address!, port) === owner.pid ? 'owner' : 'unknown';
  } catch {
    // The interface is down, or there is no free descriptor. That does not prove a free port.
    return 'unknown';
  }
}

/**
 * Uses the absolute value: after the clock was set back, a file from the future must not count as
 * new forever.
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
