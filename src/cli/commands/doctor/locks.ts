// Reports the lock files that are held, leftover or unreadable.
import type { ListedLock } from '../../../index.js';
import { commandFor } from '../../gateway-flags.js';
import { causeOf } from '../../json-output.js';
import { error, info, ok, type Report, type Subject } from './finding.js';
import { isRemovable } from './leftovers.js';

export function checkLocks({ locks, options }: Subject): Report[] {
  const reports = locks.flatMap((lock) => judge(lock, commandFor(['doctor', '--fix'], options)));
  const held = locks.filter(({ state }) => state === 'held').length;
  return reports.length > 0
    ? reports
    : [ok(held === 0 ? 'no locks held, no leftover lock files' : `${held} held, no leftover lock files`)];
}

function judge(lock: ListedLock, fix: string): Report[] {
  const { path, state, cause } = lock;
  if (state === 'missing') return [];
  if (state === 'unreadable') return [error(`${path} cannot be read: ${causeOf(cause)?.message ?? 'unknown'}`)];
  return state === 'held' ? judgeHeld(lock) : [judgeFree(lock, fix)];
}

function judgeHeld({ path, heldBy, owner, ownerAlive, holderPid }: ListedLock): Report[] {
  if (heldBy === 'record') {
    return [
      info(
        `${path} is held by ${owner === null ? 'a process that has not written its record yet' : `pid ${owner.pid}`}, a gateway that holds no kernel lock (such as OpenClaw)`,
      ),
    ];
  }
  if (owner === null || ownerAlive !== false) return [];
  if (holderPid !== undefined) {
    return [info(`${path} is held by pid ${holderPid}, which inherited the lock from pid ${owner.pid}`)];
  }
  return [info(`${path} is held by an unknown process: the lock file names pid ${owner.pid}, which is gone`)];
}

function judgeFree(lock: ListedLock, fix: string): Report {
  const text = `${lock.path} ${whose(lock)}`;
  return isRemovable(lock)
    ? info(`${text}; the file blocks nothing`, `Remove the file: ${fix}`)
    : info(`${text}; --fix does not remove it`);
}

function whose({ owner, ownerAlive }: ListedLock): string {
  if (owner === null) return 'names no owner';
  if (ownerAlive === null)
    return `names pid ${owner.pid}${owner.host === null ? ', which may be gone' : ` on ${owner.host}`}`;
  return `is a leftover of pid ${owner.pid}, which ${ownerAlive ? 'no longer holds it' : 'is gone'}`;
}
