// Locks with OFD locks (fcntl). Does less work than the floor: writes no record, does not check the
// inode, and does not remove the file.
import { closeSync, openSync } from 'node:fs';
import { tryLock, waitForLock } from 'fs-native-extensions';
import { mustBeRefused } from '../refused.mjs';

export const hold = (path) => {
  const fd = openSync(path, 'a+');
  if (tryLock(fd)) return fd;
  closeSync(fd);
  return null;
};
export const release = (fd) => closeSync(fd);
export const cycle = (path) => release(hold(path));
export const refused = (path) => mustBeRefused(hold(path));
export const wait = async (path) => {
  const fd = openSync(path, 'a+');
  await waitForLock(fd);
  return fd;
};
