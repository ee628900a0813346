// Locks with flock(). Does less work than the floor: writes no record, does not check the inode,
// and does not remove the file.
import { closeSync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import fsExt from 'fs-ext';
import { refusedWith } from '../refused.mjs';

const flock = promisify(fsExt.flock);

export const hold = (path) => {
  const fd = openSync(path, 'a+');
  try {
    fsExt.flockSync(fd, 'exnb');
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
};
export const release = (fd) => closeSync(fd);
export const cycle = (path) => release(hold(path));
export const refused = (path) => refusedWith('EAGAIN', () => hold(path));
export const wait = async (path) => {
  const fd = openSync(path, 'a+');
  await flock(fd, 'ex');
  return fd;
};
