// Reads the result of a reload off the owner record.
import type { OwnerRecord, UpgradeState } from '../../../index.js';
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
  if (upgrade?.phase === 'kept' && !isSame(upgrade, before.upgrade)) {
    return { state: 'failed', why: `${failureText(upgrade)}; pid ${owner.pid} keeps running` };
  }
  const isNew = owner.pid !== before.pid || owner.ownerId !== before.ownerId;
  // Between two programs the record names the keeper.
  const isProgram = owner.pid !== livingKeeper(owner)?.pid;
  return isNew && isProgram && upgrade === undefined ? { state: 'reloaded', owner } : WAITING;
}

function isSame(now: UpgradeState, before: UpgradeState | undefined): boolean {
  return before?.phase === now.phase && before.pid === now.pid && before.since === now.since;
}

const REASONS: Readonly<Record<string, string>> = {
  exited: 'ended before it served',
  'timed-out': 'was not ready in time',
  'not-adopted': 'did not adopt the lock or the socket',
};

function failureText({ pid, reason }: UpgradeState): string {
  return pid === null
    ? 'the new program could not be started'
    : `the new program (pid ${pid}) ${REASONS[reason ?? ''] ?? 'failed'}`;
}
