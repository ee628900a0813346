// Leftover lock files that provably mean nothing, and how they are removed.
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { isLockFileName, type ListedLock, tryAcquireForRemoval } from '../../index.js';
import { causeOf } from '../json-output.js';
import { info, type Report, warning } from './finding.js';

/** An older gateway creates its file and writes the record a moment later: an empty one may be a gateway. */
const NEW_FILE_MS = 30_000;

/**
 * Nobody holds its lock; and whoever wrote the record held one, or is gone. A record of another host is no proof:
 * not every network file system brings that host's lock here.
 */
export function isInert({ path, state, owner, ownerAlive }: ListedLock): boolean {
  if (state === 'leftover' && owner!.kernelLock) return ownerAlive !== null;
  // A file that the user has named may be anything, a package.json among it, unless this package has written it.
  if (!isLockFileName(basename(path))) return false;
  if (state === 'leftover') return ownerAlive === false;
  if (state !== 'free') return false;
  const mtimeMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return mtimeMs !== undefined && Date.now() - mtimeMs > NEW_FILE_MS;
}

export function removeInert(locks: readonly ListedLock[]): Report[] {
  return locks.filter(isInert).map(remove);
}

/** By taking the lock and releasing it: the file is removed while it is held, so never under somebody else. */
function remove({ path }: ListedLock): Report {
  try {
    const lock = tryAcquireForRemoval(path, isLockFileName(basename(path)));
    if (lock === null) return info(`${path} was taken meanwhile, and is left as it is`);
    lock.release();
    return info(`removed ${path}`);
  } catch (cause) {
    return warning(`${path} could not be removed`, causeOf(cause)!.message);
  }
}
