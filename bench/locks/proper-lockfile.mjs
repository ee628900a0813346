// mkdir and a heartbeat of its modification time; a killed holder is waited for until that is 10 s old.
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
/** Seconds that a hand-over after SIGKILL takes: no more than one is measured. */
export const slowAfterKill = true;
