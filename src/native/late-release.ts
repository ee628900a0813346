// How a release of this system differs from that of others. In this layer because only it may know the platform.

/** Windows unlocks the files of a dead process when it comes to it; elsewhere the lock is gone before the process is. */
export const locksOutliveHolders = process.platform === 'win32';

/** Where somebody has the file open, Windows does not remove it: an orderly release leaves it, empty (native/os/file_lock_win32.cc). */
export const emptyMeansReleased = process.platform === 'win32';
