// Reads the result of a reload off the owner record.
import type { OwnerRecord } from '../../../index.js';
import type { GatewayLockProbe } from '../../../internal.js';
import { livingKeeper } from '../../holder-process.js';

export type ReloadOutcome =
  | { readonly state: 'waiting' }
  /** A new program serves. */
  | { readonly state: 'reloaded'; readonly owner: OwnerRecord }
  | { readonly state: 'failed'; readonly why: string };

const WAITING: ReloadOutcome = { state: 'waiting' };

/** Compares the lock before the signal with the lock now. */
export function reloadOutcome(before: OwnerRecord, now: GatewayLockProbe): ReloadOutcome {
  const { state, owner, ownerAlive } = now;
  if (state !== 'held') return { state: 'failed', why: `pid ${before.pid} has ended, and the lock is free` };
  if (owner === null || ownerAlive === false) return WAITING;
  const { upgrade } = owner;
  const isEarlier = before.upgrade?.phase === 'kept' && before.upgrade.pid === upgrade?.pid;
  if (upgrade?.phase === 'kept' && !isEarlier) {
    return {
      state: 'failed',
      why: `the new program (pid ${upgrade.pid}) ${reasonText(upgrade.reason)}; pid ${owner.pid} keeps running`,
    };
  }
  const isNew = owner.pid !== before.pid || owner.ownerId !== before.ownerId;
  // Between two programs the record names the keeper.
  const isProgram = owner.pid !== livingKeeper(owner)?.pid;
  return isNew && isProgram && upgrade === undefined ? { state: 'reloaded', owner } : WAITING;
}

function reasonText(reason: string | undefined): string {
  if (reason === 'exited') return 'ended before it served';
  if (reason === 'timed-out') return 'was not ready in time';
  return reason === 'not-adopted' ? 'did not adopt the lock or the socket' : 'failed';
}
