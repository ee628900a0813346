// Removes leftover lock files, but only those that no process can still be using.
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { isLockFileName, type ListedLock, showModeCommand, tryAcquireForRemoval } from '../../../index.js';
import { causeOf } from '../../json-output.js';
import { info, type Report, warning } from './finding.js';

/**
 * Age in milliseconds from which an empty lock file is considered a leftover. An older gateway
 * creates its lock file a moment before it writes the record, so a recently created empty file may
 * belong to a starting gateway.
 */
const NEW_FILE_MS = 30_000;

/**
 * Returns true if no process holds the lock, and the process that wrote the record held a kernel
 * lock or has ended. A record from another host is not sufficient proof, because some network file
 * systems do not show the locks of other hosts.
 */
export function isRemovable({ path, state, owner, ownerAlive }: ListedLock): boolean {
  if (state === 'leftover' && owner!.kernelLock) return ownerAlive !== null;
  // A file that the user named with --lock may have any content, unless this package wrote the
  // file.
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
 * Acquires and releases the lock. The file is removed while this process holds the lock, so the
 * file cannot belong to another holder.
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
