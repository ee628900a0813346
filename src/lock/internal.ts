// The interface of src/lock for src/gateway and src/cli, which import no other file from src/lock.
import { native } from '../native/load.js';
import { assertFileAllowed } from '../native/permission.js';
import { sleep } from '../sleep.js';
import { lastAttemptSync } from './attempt.js';
import type { FileLock } from './file-lock.js';
import { GracePeriods, RETRY_DELAY_MS } from './grace-period.js';
import type { LockTarget } from './leftover.js';
import { toLockError } from './lock-error.js';
import {
  type AttemptRequest,
  accessFlag,
  flagsOf,
  readRequest,
  TRY_OPTIONS,
  type TryAcquireLockOptions,
} from './lock-options.js';
import { type LockProbe, probe } from './probe-lock.js';

export { acquireAtOnce, acquireInTurn } from './acquire.js';
export { adoptLock } from './adopt.js';
export type { FileLock } from './file-lock.js';
export { holderName, isOwn, knownHolder, livingHolder, stopAdvice } from './holder-text.js';
export type { LockTarget, ReclaimReason } from './leftover.js';
export { toLockError } from './lock-error.js';
export type { AttemptRequest } from './lock-options.js';
export type { LostListener } from './loss-watch.js';
export type { LockProbe } from './probe-lock.js';
export { hasDiedSinceBoot } from './process-identity.js';
export { type OwnerFields, recordHead } from './record-encoder.js';
export { RECORD_LIMIT } from './record-parser.js';

/**
 * Creates the request for an exclusive lock. On release, the lock file is removed if the package
 * chose its path, and kept if the caller did. `head` is a result of {@link recordHead}.
 */
export function createRequest(
  target: LockTarget,
  head: string,
  weakFileSystem: AttemptRequest['weakFileSystem'],
): AttemptRequest {
  const { path, endpoint, ownPath } = target;
  return {
    path,
    mode: 'exclusive',
    flags: flagsOf({ weakFileSystem, keepFile: !ownPath }),
    head,
    weakFileSystem,
    judged: true,
    endpoint,
    ownPath,
    gracePeriods: new GracePeriods(),
  };
}

/** Like `probeLock`, but also accepts a path that the package chose. */
export function probeTarget(target: LockTarget, access: TryAcquireLockOptions['access'] = 'owner'): LockProbe {
  const { path, endpoint, ownPath } = target;
  return probe({ path, endpoint, ownPath, flags: accessFlag(access), judged: true });
}

/**
 * Acquires a lock in order to remove its file. If `ownPath` is true, the file is in a lock
 * directory and may have any content.
 */
export function tryAcquireForRemoval(path: string, ownPath: boolean): FileLock | null {
  return lastAttemptSync({ ...readRequest(path, { keepFile: false }, TRY_OPTIONS), ownPath });
}

/**
 * Creates the lock directory if it does not exist. With `tighten`, removes other users' access to
 * it. Retries transient failures.
 *
 * @throws {LockError} `ERR_LOCK_PERMISSION`
 * @throws {LockError} `ERR_LOCK_INVALID_FILE`
 * @throws {Error} the system's error in any other case
 * @throws `signal.reason` as soon as the signal aborts
 */
export async function ensureLockDirectory(
  path: string,
  tighten: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  assertFileAllowed(path, ['write'], path);
  for (const gracePeriods = new GracePeriods(); ; await sleep(RETRY_DELAY_MS.transient, signal)) {
    try {
      return native().ensureLockDirectory(path, tighten);
    } catch (error) {
      if (!gracePeriods.shouldRetryOpen(error)) throw toLockError(error, path);
    }
  }
}
