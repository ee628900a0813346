// Locks by creating a file with O_EXCL. A killed holder's lock stays forever unless the option
// `stale` is set, which has no default.
import lockfile from 'lockfile';
import { refusedWith } from '../refused.mjs';

export const cycle = (path) => {
  lockfile.lockSync(path);
  lockfile.unlockSync(path);
};
export const refused = (path) => refusedWith('EEXIST', () => lockfile.lockSync(path));
export const probe = (path) => lockfile.checkSync(path);
export const hold = (path) => {
  lockfile.lockSync(path);
  return path;
};
export const wait = (path) =>
  new Promise((resolve, reject) => {
    lockfile.lock(path, { wait: 60_000, pollPeriod: 50 }, (error) => (error ? reject(error) : resolve(path)));
  });
export const release = (path) => lockfile.unlockSync(path);
export const neverAfterKill = 'the lock of a killed holder stays forever';
