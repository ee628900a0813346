// The identity of processes: how a record names this process, and whether the process that a record
// names is still alive.
import { hostname } from 'node:os';
import type { OwnerRecord } from '../errors.js';
import { native } from '../native/load.js';

/** A process, as an owner record names it. */
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

/** Returns null if the process has ended or its start time is unknown. */
export function processStartToken(pid: number): number | null {
  const token = native().processStartToken(pid);
  return token > 0 ? token : null;
}

/**
 * Boot times are whole seconds and start times whole ticks: a smaller difference, in milliseconds,
 * proves nothing.
 */
const CLOCK_SLACK_MS = 2000;

/**
 * Returns true only for the process that wrote the record, not for a later one with the same pid.
 * Returns null if this system cannot tell.
 */
export function isOwnerAlive(owner: OwnerRecord): boolean | null {
  const outside = outsideThisSystem(owner);
  if (outside !== null) return outside.mayBeAlive ? null : false;
  const token = native().processStartToken(owner.pid);
  return token === -1 ? false : isSameProcess(owner, token);
}

/** Returns true if the owner belongs to the current boot of this host and has ended. */
export function hasDiedSinceBoot(owner: OwnerRecord): boolean {
  return owner.bootId === selfIdentity().bootId && isOwnerAlive(owner) === false;
}

/**
 * Returns null for an owner in our boot and pid namespace. A process in another namespace or on
 * another host cannot be seen; a process of an earlier boot of this host is dead.
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
  // OpenClaw writes no start time on macOS and Windows. The wall clock can only prove life: after
  // it was set back, the writer looks younger than its record.
  const writtenAtMs = Date.parse(owner.createdAt ?? '');
  const processStartMs = native().processStartMs(owner.pid);
  if (Number.isNaN(writtenAtMs) || processStartMs === 0) return null;
  return processStartMs <= writtenAtMs + CLOCK_SLACK_MS ? true : null;
}
