// Checks that a lock in the lock directory excludes others, by locking a temporary file twice.
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type FileLock, LockError, type LockStrength, tryAcquireLock } from '../../../index.js';
import { error, ok, type Report, type Subject, warning } from './finding.js';

const LOCAL = 'Choose a state directory on a local file system with --state-dir. In a container, use a named volume.';

/**
 * Locks a temporary file in the lock directory or, if it does not exist, in its nearest existing
 * parent.
 */
export function checkFileSystem({ lockDir }: Subject): Report[] {
  const directory = nearestExisting(lockDir);
  const path = join(directory, `.gateway-lock-doctor-${randomUUID()}.lock`);
  try {
    const lock = tryAcquireLock(path, { weakFileSystem: 'allow', keepFile: false });
    return lock === null
      ? [error(`a file that was just created in ${directory} is already locked`, LOCAL)]
      : [judge(lock, directory)];
  } catch (cause) {
    // The message of a LockError already contains the advice.
    const advice = cause instanceof LockError ? undefined : 'Choose another state directory with --state-dir';
    return [error(`no file can be locked in ${directory}: ${(cause as Error).message}`, advice)];
  }
}

function judge(lock: FileLock, directory: string): Report {
  try {
    const second = tryAcquireLock(lock.path, { weakFileSystem: 'allow', keepFile: false });
    second?.release();
    return second === null ? judgeStrength(lock.strength, directory) : weak(directory);
  } finally {
    lock.release();
  }
}

function judgeStrength(strength: LockStrength, directory: string): Report {
  if (strength === 'weak') return weak(directory);
  if (strength === 'local') return ok(`file locks work in ${directory} (local file system)`);
  return warning(
    `file locks in ${directory} work on this host, but perhaps not across hosts (remote file system)`,
    LOCAL,
  );
}

function weak(directory: string): Report {
  return error(`the file system of ${directory} grants one lock to two holders at once`, LOCAL);
}

function nearestExisting(path: string): string {
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory();
  return isDirectory || dirname(path) === path ? path : nearestExisting(dirname(path));
}
