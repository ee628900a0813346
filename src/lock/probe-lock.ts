// Who has a lock, asked from outside.
import { resolve } from 'node:path';
import { checkPath } from '../arguments.js';
import type { OwnerRecord } from '../errors.js';
import { native } from '../native/load.js';
import { Graces } from './graces.js';
import { toLockError } from './lock-error.js';
import { isOwnerAlive } from './owner-liveness.js';
import { parseRecord } from './owner-record.js';
import { askPastProbers } from './prober-grace.js';

export interface LockProbe {
  /**
   * `held`: somebody has it. `leftover`: nobody has it, and the file names a dead owner; it blocks
   * nothing. `free`: nobody has it, and the file names nobody. `missing`: there is no file.
   */
  readonly state: 'free' | 'held' | 'leftover' | 'missing';
  /** `record`: an older gateway that holds no kernel lock, only a record. */
  readonly heldBy: 'exclusive' | 'shared' | 'record' | null;
  readonly owner: OwnerRecord | null;
  /** null when there is no owner, or when this system cannot tell. */
  readonly ownerAlive: boolean | null;
}

/**
 * Looks at a lock without creating, changing or removing anything.
 *
 * @throws {LockError} `ERR_LOCK_INVALID_FILE`, `ERR_LOCK_PERMISSION`, `ERR_LOCK_UNSUPPORTED`
 */
export function probeLock(path: string): LockProbe {
  const absolute = resolve(checkPath('path', path));
  const graces = new Graces();
  const probe = askPastProbers(
    () => probeUnlessDenied(absolute, graces),
    (answer) => {
      if (answer === null) return 'passing';
      return answer.state !== 'held' || answer.ownerAlive === true ? 'certain' : 'doubtful';
    },
  );
  return probe!; // it was asked until the denial was over, or threw
}

/** null: the file could not be opened just now, and may be so in a moment. @internal */
export function probeUnlessDenied(path: string, graces: Graces): LockProbe | null {
  try {
    return probeOnce(path);
  } catch (error) {
    const { cause = error } = error as Error;
    if (graces.coverDenial(cause)) return null;
    throw error;
  }
}

/** What the kernel says just now, probers included. @internal */
export function probeOnce(path: string): LockProbe {
  const probe = probeNative(path);
  const owner = parseRecord(probe.record);
  const ownerAlive = owner === null ? null : isOwnerAlive(owner);
  if (probe.state === 'missing') return { state: 'missing', heldBy: null, owner, ownerAlive };
  if (probe.state !== 'free') return { state: 'held', heldBy: probe.state, owner, ownerAlive };
  if (owner !== null && !owner.kernelLock && ownerAlive === true) {
    return { state: 'held', heldBy: 'record', owner, ownerAlive };
  }
  return { state: owner === null ? 'free' : 'leftover', heldBy: null, owner, ownerAlive };
}

function probeNative(path: string) {
  try {
    return native().probeLock(path);
  } catch (error) {
    throw toLockError(error, path);
  }
}
