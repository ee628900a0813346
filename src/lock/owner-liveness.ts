// Whether the process that a record names is alive: that very process, not one with the same pid.
import type { OwnerRecord } from '../errors.js';
import { native } from '../native/load.js';
import { selfIdentity } from './owner-record.js';

/** Boot times and start times are whole ticks and seconds: less than this proves nothing. */
const CLOCK_SLACK_MS = 2000;

/** null: this system cannot tell. */
export function isOwnerAlive(owner: OwnerRecord): boolean | null {
  const elsewhere = wasElsewhere(owner);
  if (elsewhere !== null) return elsewhere.couldLive ? null : false;
  const startTime = native().processStartToken(owner.pid);
  return startTime === -1 ? false : isSameProcess(owner, startTime);
}

/** Another pid namespace or host hides the process; another boot of this host has ended it. */
function wasElsewhere(owner: OwnerRecord): { couldLive: boolean } | null {
  const self = selfIdentity();
  const otherBoot = owner.bootId !== null && self.bootId !== null && owner.bootId !== self.bootId;
  if (otherBoot) return { couldLive: owner.host !== null && owner.host !== self.host };
  const otherNamespace =
    owner.pidNamespace !== null && self.pidNamespace !== null && owner.pidNamespace !== self.pidNamespace;
  return otherNamespace ? { couldLive: true } : null;
}

function isSameProcess(owner: OwnerRecord, startTime: number): boolean | null {
  if (owner.startTime !== null && startTime !== 0) return owner.startTime === startTime;
  // OpenClaw writes no start time on macOS and Windows. The wall clock proves life only: a clock that was set back makes the
  // writer look younger than its record.
  const writtenAtMs = Date.parse(owner.createdAt ?? '');
  const processStartMs = native().processStartMs(owner.pid);
  if (Number.isNaN(writtenAtMs) || processStartMs === 0) return null;
  return processStartMs <= writtenAtMs + CLOCK_SLACK_MS ? true : null;
}
