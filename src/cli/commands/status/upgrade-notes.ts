// Describes in `status` which process replaces a gateway, and which process keeps its lock.
import type { ListedLock, OwnerRecord } from '../../../index.js';
import { printable } from '../../../printable.js';

const FAILURES: Readonly<Record<string, string>> = {
  exited: 'exited',
  'timed-out': 'was not ready in time',
  'not-adopted': 'did not adopt the locks and the socket',
};

/** Returns a line for each upgrade and each keeper, without repetition. */
export function upgradeNotes(locks: readonly ListedLock[]): string[] {
  const owners = locks.flatMap(({ state, owner }) => (state === 'held' && owner !== null ? [owner] : []));
  return [...new Set(owners.flatMap((owner) => [...upgradeNote(owner), ...keeperNote(owner)]))];
}

function upgradeNote({ pid, upgrade }: OwnerRecord): string[] {
  if (upgrade === undefined) return [];
  if (upgrade.pid === null) return [`upgrade: pid ${pid} was kept, because its successor could not be started.`];
  const successor = `its successor (pid ${upgrade.pid})`;
  if (upgrade.phase === 'starting') return [`upgrade: pid ${pid} serves while ${successor} starts.`];
  if (upgrade.phase === 'draining') return [`upgrade: pid ${pid} ends its connections; ${successor} is ready.`];
  const reason = FAILURES[upgrade.reason ?? ''] ?? `failed (${printable(upgrade.reason ?? 'unknown reason')})`;
  return [`upgrade: pid ${pid} was kept, because ${successor} ${reason}.`];
}

function keeperNote({ pid, keeper }: OwnerRecord): string[] {
  return keeper === undefined ? [] : [`keeper: pid ${keeper.pid} (gateway-lock run) keeps the lock for pid ${pid}.`];
}
