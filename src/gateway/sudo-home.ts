// A first start by `sudo` in the home of another user. On macOS sudo keeps HOME (man 8 sudo, env_keep of /etc/sudoers), so
// ~/.gateway would belong to root, and the user's own gateway could not use it.
import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { LockError } from '../errors.js';
import { effectiveUserId } from '../native/platform.js';

/** Returns who owns the place where root, by sudo, would make the directory. Returns null if it exists, or root owns that place. */
export function otherOwnerAbove(directory: string): { readonly path: string; readonly uid: number } | null {
  const { SUDO_UID } = process.env;
  if (effectiveUserId() !== 0 || SUDO_UID === undefined || SUDO_UID === '0') return null;
  if (lstatSync(directory, { throwIfNoEntry: false }) !== undefined) return null;
  for (let path = dirname(directory); ; path = dirname(path)) {
    const uid = lstatSync(path, { throwIfNoEntry: false })?.uid;
    if (uid !== undefined) return uid === 0 ? null : { path, uid };
  }
}

/** @throws {LockError} `ERR_LOCK_PERMISSION` */
export function refuseHomeOfOther(directory: string): void {
  const above = otherOwnerAbove(directory);
  if (above === null) return;
  const text = `'${directory}' is not there, and sudo would make it for root in '${above.path}' of uid ${above.uid}`;
  throw new LockError('ERR_LOCK_PERMISSION', `${text}. Start without sudo, or name a state directory of root's own`, {
    path: directory,
  });
}
