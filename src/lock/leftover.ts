// Judges what a lock file that was there already means, once its kernel lock is free: the table in step 5 of docs/protocol.md.
// Acquire and probe ask the same function, so that they never contradict each other.
//
// A record of this package never stands in the way: its writer held the kernel lock, and that is free now. Only a gateway that
// writes a record and holds no kernel lock (OpenClaw) can still be alive then, or a holder that sees the file through another mount.
import { statSync } from 'node:fs';
import { checkPort, invalidType } from '../arguments.js';
import { addressesOf, connectableAddress } from '../endpoint.js';
import type { OwnerRecord } from '../errors.js';
import type { LockFileContent } from '../native/binding.js';
import { native } from '../native/load.js';
import { isOwnerAlive } from './owner-liveness.js';
import { isBlank, isLockFile, parseRecord } from './record-parser.js';

/**
 * Why a leftover could be reclaimed. `owner-gone`: its owner has ended, or holds the lock no longer; `port-free`: whether its owner
 * lives is unknown, and nothing listens on its port; `stale`: the file names no owner (torn, damaged), or one whose life could not
 * be confirmed for 30 s.
 */
export type ReclaimReason = 'owner-gone' | 'port-free' | 'stale';

/** A host and a TCP port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** `held-by-record`: a living gateway without a kernel lock. `other-view`: a living holder, through another mount. */
export type Verdict = ReclaimReason | 'free' | 'held-by-record' | 'other-view' | 'not-a-lock-file';

/** The content of a lock file whose kernel lock is free. */
export interface Leftover {
  readonly verdict: Verdict;
  readonly owner: OwnerRecord | null;
}

/** Where the content was found. */
export interface LeftoverContext {
  readonly path: string;
  /** Where a holder of this lock would listen, for a record that names no port. */
  readonly endpoint: Endpoint | undefined;
  /** The path is the package's own, in a lock directory, and not one that the caller named. */
  readonly ownPath: boolean;
}

/** How long, in milliseconds, an owner is respected whose liveness is unknown. */
export const STALE_AFTER_MS = 30_000;

export function judgeLeftover(content: LockFileContent, context: LeftoverContext): Leftover {
  const owner = parseRecord(content.text);
  return { verdict: verdictOf(content, owner, context), owner };
}

function verdictOf(content: LockFileContent, owner: OwnerRecord | null, context: LeftoverContext): Verdict {
  // A hard link may lead from our directory to any file of the user's.
  const strict = !context.ownPath || content.hasOtherNames;
  if (strict && !isLockFile(content)) return 'not-a-lock-file';
  if (owner?.kernelLock) return judgeOurs(owner, context.path);
  const recordOnly = owner !== null || context.ownPath;
  if (recordOnly && isCoordinatorLocked(context.path)) return 'held-by-record';
  if (owner !== null) return judgeRecordOnly(owner, context);
  return isBlank(content) ? 'free' : 'stale';
}

/** Whether OpenClaw, which holds no kernel lock on its lock file, has the database beside it in an exclusive transaction. */
export function isCoordinatorLocked(lockPath: string): boolean {
  return native().isSqliteLocked(`${lockPath}.sqlite`);
}

function judgeOurs(owner: OwnerRecord, path: string): Verdict {
  const another = owner.pid !== process.pid && isOwnerAlive(owner) === true;
  return another && native().isHeldInOtherView(path, owner.pid) ? 'other-view' : 'owner-gone';
}

function judgeRecordOnly(owner: OwnerRecord, { path, endpoint }: LeftoverContext): Verdict {
  const alive = isOwnerAlive(owner);
  if (alive === false) return 'owner-gone';
  if (alive === true) return 'held-by-record';
  const listening = probeOwnerPort(owner, endpoint);
  if (listening === 'free') return 'port-free';
  const known = listening === 'owner';
  return !known && ageMs(path) > STALE_AFTER_MS ? 'stale' : 'held-by-record';
}

/** `owner`: the process that the record names listens on the record's port, which proves that it lives. */
function probeOwnerPort(owner: OwnerRecord, endpoint: Endpoint | undefined): 'free' | 'owner' | 'unknown' {
  const port = owner.port ?? endpoint?.port ?? 0;
  if (port === 0) return 'unknown';
  const [address] = addressesOf(endpoint?.host ?? '127.0.0.1');
  try {
    if (native().probePort(connectableAddress(address!), port) === 'refused') return 'free';
    return native().findListenerPid(address!, port) === owner.pid ? 'owner' : 'unknown';
  } catch {
    return 'unknown'; // An interface that is down, no free descriptor: no proof that the port is free.
  }
}

/** A file of the future was written before the clock was set back: its age is unknown, and must not count as none for ever. */
function ageMs(path: string): number {
  const { mtimeMs = Date.now() } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return Math.abs(Date.now() - mtimeMs);
}

export function checkEndpoint(value: Endpoint | undefined): Endpoint | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null) throw invalidType('endpoint', 'an object', value);
  addressesOf(value.host);
  checkPort('endpoint.port', value.port);
  return value;
}
