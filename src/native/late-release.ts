// How a release of this system differs from that of others. In this layer because only it may know the platform.

/** Windows unlocks the files of a dead process when it comes to it; elsewhere the lock is gone before the process is. */
export const locksOutliveHolders = process.platform === 'win32';
