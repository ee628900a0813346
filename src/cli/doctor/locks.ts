// The lock files that are there: what each means, and whether anything has to be done about it.
import { type ListedLock, stopCommand } from '../../index.js';
import { causeOf } from '../json-output.js';
import { error, info, ok, type Report, type Subject, warning } from './finding.js';
import { isInert } from './inert.js';

export function checkLocks({ locks }: Subject): Report[] {
  const reports = locks.flatMap(judge);
  const held = locks.filter(({ state }) => state === 'held').length;
  return reports.length > 0
    ? reports
    : [ok(held === 0 ? 'no lock is held, none is left over' : `${held} held, none left over`)];
}

function judge(lock: ListedLock): Report[] {
  const { path, state, cause } = lock;
  if (state === 'missing') return [];
  if (state === 'unreadable') return [error(`${path} cannot be looked at: ${causeOf(cause)?.message ?? 'unknown'}`)];
  return state === 'held' ? judgeHeld(lock) : [judgeFree(lock)];
}

function judgeHeld({ path, heldBy, owner, ownerAlive }: ListedLock): Report[] {
  if (heldBy === 'record') {
    const advice = `It is respected while it lives and its port answers. To have a kernel lock: stop it (${stopCommand(owner!.pid)}) and update it`;
    return [warning(`${path}: pid ${owner!.pid} is an older gateway without a kernel lock`, advice)];
  }
  if (owner === null || ownerAlive !== false) return [];
  return [info(`${path} is held by a process that its record does not name: that one (pid ${owner.pid}) is gone`)];
}

function judgeFree(lock: ListedLock): Report {
  const { path } = lock;
  if (isInert(lock))
    return info(`${path} ${whose(lock)}; it blocks nothing`, 'To remove it: gateway-lock doctor --fix');
  return info(`${path} ${whose(lock)}; --fix leaves it as it is`);
}

function whose({ owner, ownerAlive }: ListedLock): string {
  if (owner === null) return 'names nobody';
  if (ownerAlive === null) return `names pid ${owner.pid} of another container or host (${owner.host ?? 'unknown'})`;
  return `is a leftover of pid ${owner.pid}, which ${ownerAlive ? 'holds it no more' : 'is gone'}`;
}
