// Hints for a lock file that cannot be used.
import { existsSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { findForeignPart, nearestVisible } from '../native/file-access.js';
import { isAccessDenied } from '../native/permission.js';
import { makeDirectoryCommand } from '../native/shell-commands.js';

const NOTHING_STARTED = 'No gateway was started.';

/**
 * Returns the hint for the error. `named` is true if the caller named the lock file, in which case
 * setting stateDir would not change its path.
 */
export function unusableHint(lockPath: string, named: boolean, cause: unknown): string {
  const { code = '' } = cause as NodeJS.ErrnoException;
  if (!isAbsolute(lockPath)) return NOTHING_STARTED;
  return HINTS[code]?.(lockPath, named, cause) ?? NOTHING_STARTED;
}

type Hint = (lockPath: string, named: boolean, cause: unknown) => string | null;

const HINTS: Readonly<Record<string, Hint>> = {
  ENOENT: (path) => {
    const directory = dirname(path);
    return existsSync(directory) ? null : `The directory does not exist. Create it: ${makeDirectoryCommand(directory)}`;
  },
  ENOTDIR: (path) => `'${nearestVisible(path)}' is not a directory. Choose another path, or move that file away.`,
  EROFS: (_path, named) => `The file system is read-only. ${elsewhere(named)}`,
  // If an earlier start with sudo left the file, or Node's permission model denies access, the
  // message already contains the command to run.
  ERR_LOCK_PERMISSION: (path, named, cause) => (hasOwnRemedy(path, cause as Error) ? null : elsewhere(named)),
};

function hasOwnRemedy(path: string, { cause }: { cause?: unknown }): boolean {
  return isAccessDenied(cause) || findForeignPart(path) !== null;
}

function elsewhere(named: boolean): string {
  return named
    ? 'Choose a path in a directory of this user.'
    : 'Set stateDir (on the command line --state-dir) or HOME to a directory of this user.';
}
