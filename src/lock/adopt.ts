// Adopts a lock whose descriptor this process has inherited from the holder.
import type { AdoptLockRefusal } from '../native/binding.js';
import { native } from '../native/load.js';
import { FileLock } from './file-lock.js';
import { toLockError } from './lock-error.js';
import type { AttemptRequest } from './lock-options.js';
import { createRecord } from './record-encoder.js';

/**
 * Adopts the descriptor as the lock that the request asks for. Writes nothing: the holder's record
 * remains in the file until {@link FileLock.takeOver}. Returns the reason if the descriptor is not
 * that lock, and then leaves the descriptor to the caller.
 */
export function adoptLock({ path, mode, flags, head }: AttemptRequest, fd: number): FileLock | AdoptLockRefusal {
  try {
    const id = native().adoptLock(path, fd, flags);
    if (typeof id === 'string') return id;
    // The end of this Node environment must not release the lock of a predecessor.
    native().handOver(id);
    const strength = native().strengthOf(id);
    const properties = { path, mode, strength, reclaimed: null, predecessor: null, waitMode: null };
    return new FileLock(id, createRecord(head!), properties, 'predecessor');
  } catch (error) {
    throw toLockError(error, path);
  }
}
