// Locks by creating a directory. A heartbeat updates its modification time. A killed holder's lock
// is free once that time is 10 s old.
import { writeFileSync } from 'node:fs';
import properLockfile from 'proper-lockfile';
import { refusedWith } from '../refused.mjs';

const options = { realpath: false };

export const cycle = (path) => properLockfile.lockSync(path, options)();
export const refused = (path) => refusedWith('ELOCKED', () => properLockfile.lockSync(path, options));
export const probe = (path) => properLockfile.checkSync(path, options);
export const hold = (path) => {
  writeFileSync(path, '');
  return properLockfile.lockSync(path, options);
};
export const wait = (path) =>
  properLockfile.lock(path, { ...options, retries: { retries: 600, factor: 1, minTimeout: 50, maxTimeout: 50 } });
export const release = (unlock) => unlock();
/** A hand-over after SIGKILL takes several seconds, so the bench measures only one. */
export const slowAfterKill = true;
