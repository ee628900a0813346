// Refuses a first start with `sudo` in another user's home directory. On macOS sudo keeps HOME (man
// 8 sudo, env_keep in /etc/sudoers), so ~/.gateway would belong to root, and the user's own gateway
// could not use it.
import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { LockError } from '../errors.js';
import { effectiveUserId } from '../native/platform.js';

/**
 * Returns the other user's directory in which sudo would create `directory` as root. Returns null
 * if this process was not started with sudo, if `directory` exists, or if root owns its nearest
 * existing parent.
 */
export function findForeignParent(directory: string): { readonly path: string; readonly uid: number } | null {
  const { SUDO_UID } = process.env;
  if (effectiveUserId() !== 0 || SUDO_UID === undefined || SUDO_UID === '0') return null;
  if (lstatSync(directory, { throwIfNoEntry: false }) !== undefined) return null;
  for (let path = dirname(directory); ; path = dirname(path)) {
    const uid = lstatSync(path, { throwIfNoEntry: false })?.uid;
    if (uid !== undefined) return uid === 0 ? null : { path, uid };
  }
}

/**
 * @throws {LockError} `ERR_LOCK_PERMISSION` if sudo would create `directory` in another user's home
 *   directory
 */
export function assertNoForeignParent(directory: string): void {
  const parent = findForeignParent(directory);
  if (parent === null) return;
  const text = `sudo would create '${directory}' as root, but '${parent.path}' belongs to uid ${parent.uid}`;
  throw new LockError('ERR_LOCK_PERMISSION', `${text}. Start without sudo, or set stateDir to a directory of root`, {
    path: directory,
  });
}
