// Whether a lock excludes where the locks lie: shown, not believed.
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type FileLock, type LockStrength, tryAcquireLock } from '../../../index.js';
import { error, ok, type Report, type Subject, warning } from './finding.js';

const LOCAL = 'Put the state on a local file system (--state-dir); in a container: on a named volume';

/** In the lock directory, or in the nearest one above it that is there. */
export function checkFileSystem({ lockDir }: Subject): Report[] {
  const directory = nearestExisting(lockDir);
  const path = join(directory, `.gateway-lock-doctor-${randomUUID()}.lock`);
  try {
    const lock = tryAcquireLock(path, { weakFileSystem: 'allow', keepFile: false });
    return lock === null ? [error(`a new file in ${directory} is locked already`, LOCAL)] : [judge(lock, directory)];
  } catch (cause) {
    return [
      error(
        `no lock can be taken in ${directory}: ${(cause as Error).message}`,
        'Choose another place with --state-dir',
      ),
    ];
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
  return error(`the file system of ${directory} grants a lock to two processes at once`, LOCAL);
}

function nearestExisting(path: string): string {
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory();
  return isDirectory || dirname(path) === path ? path : nearestExisting(dirname(path));
}
