// Removes leftover lock files that no process can still be using.
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { ListedLock } from '../../../index.js';
import { isLockFileName, showModeCommand, tryAcquireForRemoval } from '../../../internal.js';
import { causeOf } from '../../json-output.js';
import { info, type Report, warning } from './finding.js';

/**
 * Age in milliseconds at which an empty lock file is considered a leftover. Older versions create
 * the lock file a moment before they write the record, so a new empty file may belong to a starting
 * gateway.
 */
const NEW_FILE_MS = 30_000;

/**
 * Returns true if no process holds the lock and the record's writer held a kernel lock or has
 * ended. A record from another host proves nothing, because some network file systems do not show
 * the locks of other hosts.
 */
export function isRemovable({ path, state, owner, ownerAlive }: ListedLock): boolean {
  if (state === 'leftover' && owner!.kernelLock) return ownerAlive !== null;
  // A file named with --lock may contain anything, unless this package wrote it.
  if (!isLockFileName(basename(path))) return false;
  if (state === 'leftover') return ownerAlive === false;
  if (state !== 'free') return false;
  const mtimeMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return mtimeMs !== undefined && Date.now() - mtimeMs > NEW_FILE_MS;
}

export function removeLeftovers(locks: readonly ListedLock[]): Report[] {
  return locks.filter(isRemovable).map(remove);
}

/**
 * Acquires and releases the lock, so that the file is removed while this process, and therefore
 * nobody else, holds the lock.
 */
function remove({ path }: ListedLock): Report {
  try {
    const lock = tryAcquireForRemoval(path, isLockFileName(basename(path)));
    if (lock === null) return info(`${path} is held by a process again, so it was not removed`);
    lock.release();
    return info(`removed ${path}`);
  } catch (cause) {
    return warning(
      `${path} could not be removed: ${causeOf(cause)!.message}`,
      `Check the owner and the mode of the file: ${showModeCommand(path)}`,
    );
  }
}
