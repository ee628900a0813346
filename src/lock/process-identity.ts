// Process identity: identifies this process in its owner record, and checks whether the owner in a
// record is still alive.
import { hostname } from 'node:os';
import type { OwnerRecord } from '../errors.js';
import { native } from '../native/load.js';

/** The fields of an owner record that identify a process. */
export type ProcessIdentity = Pick<OwnerRecord, 'pid' | 'startTime' | 'bootId' | 'pidNamespace' | 'host'>;

let ownIdentity: ProcessIdentity | undefined;

/** Returns the identity of this process. */
export function selfIdentity(): ProcessIdentity {
  ownIdentity ??= {
    pid: process.pid,
    startTime: processStartToken(process.pid),
    bootId: native().bootId() || null,
    pidNamespace: native().pidNamespace() || null,
    host: hostname(),
  };
  return ownIdentity;
}

/**
 * Returns the start time of a process, to be compared for equality only, or null if the process has
 * ended or its start time is unknown.
 */
export function processStartToken(pid: number): number | null {
  const token = native().processStartToken(pid);
  return token > 0 ? token : null;
}

/**
 * The maximum difference in milliseconds between two records of the same time, because boot times
 * are rounded to seconds and start times to ticks.
 */
const CLOCK_SLACK_MS = 2000;

/**
 * Returns true if the process that wrote the record is alive, false if it has ended (its pid may
 * belong to a later process), and null if that is unknown.
 */
export function isOwnerAlive(owner: OwnerRecord): boolean | null {
  const outside = outsideThisSystem(owner);
  if (outside !== null) return outside.mayBeAlive ? null : false;
  const token = native().processStartToken(owner.pid);
  return token === -1 ? false : isSameProcess(owner, token);
}

/** Returns true if the owner was started in the current boot of this host and has ended. */
export function hasDiedSinceBoot(owner: OwnerRecord): boolean {
  return owner.bootId === selfIdentity().bootId && isOwnerAlive(owner) === false;
}

/**
 * Returns null if the owner is in the same boot and pid namespace as this process. An owner in
 * another namespace or on another host is not visible and may be alive. An owner from an earlier
 * boot of this host is dead.
 */
function outsideThisSystem(owner: OwnerRecord): { mayBeAlive: boolean } | null {
  const self = selfIdentity();
  const otherBoot = owner.bootId !== null && self.bootId !== null && owner.bootId !== self.bootId;
  if (otherBoot) return { mayBeAlive: owner.host !== null && owner.host !== self.host };
  const otherNamespace =
    owner.pidNamespace !== null && self.pidNamespace !== null && owner.pidNamespace !== self.pidNamespace;
  return otherNamespace ? { mayBeAlive: true } : null;
}

function isSameProcess(owner: OwnerRecord, token: number): boolean | null {
  if (owner.startTime !== null && token !== 0) return owner.startTime === token;
  // OpenClaw writes no start time on macOS and Windows, so the date of the record is compared with
  // the start of the process. This can prove that the owner is alive, but not that it has ended: if
  // the clock was set back, a process seems to have started after it wrote its record.
  const writtenAtMs = Date.parse(owner.createdAt ?? '');
  const processStartMs = native().processStartMs(owner.pid);
  if (Number.isNaN(writtenAtMs) || processStartMs === 0) return null;
  return processStartMs <= writtenAtMs + CLOCK_SLACK_MS ? true : null;
}
