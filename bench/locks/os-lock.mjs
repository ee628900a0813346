// Locks with fcntl(F_SETLK) in libuv's thread pool. Does less work than the floor: writes no
// record, does not check the inode, and does not remove the file.
import { closeSync, openSync } from 'node:fs';
import osLock from 'os-lock';

export const hold = async (path) => {
  const fd = openSync(path, 'a+');
  try {
    await osLock.lock(fd, { exclusive: true, immediate: true });
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
};
export const release = (fd) => closeSync(fd);
export const cycle = async (path) => release(await hold(path));
export const refused = async (path) => {
  const fd = await hold(path).catch((error) => {
    if (!['EACCES', 'EAGAIN', 'EBUSY'].includes(error.code)) throw error;
    return null;
  });
  if (fd !== null) throw new Error('the attempt was not refused');
};
export const wait = async (path) => {
  const fd = openSync(path, 'a+');
  await osLock.lock(fd, { exclusive: true });
  return fd;
};
