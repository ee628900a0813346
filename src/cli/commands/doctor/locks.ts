// The lock files that are there: what each means, and whether anything has to be done about it.
import type { ListedLock } from '../../../index.js';
import { causeOf } from '../../json-output.js';
import { error, info, ok, type Report, type Subject } from './finding.js';
import { isInert } from './inert.js';

export function checkLocks({ locks }: Subject): Report[] {
  const reports = locks.flatMap(judge);
  const held = locks.filter(({ state }) => state === 'held').length;
  return reports.length > 0
    ? reports
    : [ok(held === 0 ? 'no lock is held, and there are no leftovers' : `${held} held, no leftovers`)];
}

function judge(lock: ListedLock): Report[] {
  const { path, state, cause } = lock;
  if (state === 'missing') return [];
  if (state === 'unreadable') return [error(`${path} cannot be read: ${causeOf(cause)?.message ?? 'unknown'}`)];
  return state === 'held' ? judgeHeld(lock) : [judgeFree(lock)];
}

function judgeHeld({ path, heldBy, owner, ownerAlive }: ListedLock): Report[] {
  if (heldBy === 'record') {
    return [
      info(
        `${path} is held by ${owner === null ? 'a process that has no record yet' : `pid ${owner.pid}`}, a gateway that holds no kernel lock (such as OpenClaw)`,
      ),
    ];
  }
  if (owner === null || ownerAlive !== false) return [];
  return [info(`${path} is held by an unknown process: the lock file names pid ${owner.pid}, which is gone`)];
}

function judgeFree(lock: ListedLock): Report {
  const { path } = lock;
  if (isInert(lock))
    return info(`${path} ${whose(lock)}; it blocks nothing`, 'To remove it: gateway-lock doctor --fix');
  return info(`${path} ${whose(lock)}; --fix leaves it as it is`);
}

function whose({ owner, ownerAlive }: ListedLock): string {
  if (owner === null) return 'names no owner';
  if (ownerAlive === null)
    return `names pid ${owner.pid}${owner.host === null ? ', which may be gone' : ` on ${owner.host}`}`;
  return `is a leftover of pid ${owner.pid}, which ${ownerAlive ? 'no longer holds it' : 'is gone'}`;
}
