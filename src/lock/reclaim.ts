// What a lock file that was there already means, once the kernel has given us its lock.
//
// A record of this package never stands in the way: its writer held the kernel lock, and we have it now.
// Only an older gateway, which wrote a JSON record and held no kernel lock, can still be alive then.
import { statSync } from 'node:fs';
import { addressesOf, connectableAddress } from '../address.js';
import { checkPort, invalidType } from '../arguments.js';
import type { OwnerRecord } from '../errors.js';
import { native } from '../native/load.js';
import { isOwnerAlive } from './owner-liveness.js';

/**
 * Why a leftover could be taken: its owner is gone; nobody listens on its port; or it names no owner
 * (torn, empty), or none that could be confirmed for 30 s.
 */
export type ReclaimReason = 'owner-gone' | 'port-free' | 'stale';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Milliseconds that a record-only owner of whom nothing can be found out is respected. */
export const STALE_AFTER_MS = 30_000;

/** null: an older gateway is alive and has it; leave everything as it is. */
export function judgeLeftover(
  owner: OwnerRecord | null,
  path: string,
  endpoint: Endpoint | undefined,
): ReclaimReason | null {
  if (owner === null) return 'stale';
  if (owner.kernelLock) return 'owner-gone';
  const alive = isOwnerAlive(owner);
  if (alive === false) return 'owner-gone';
  if (isPortFree(owner, endpoint)) return 'port-free';
  return alive === null && ageMs(path) > STALE_AFTER_MS ? 'stale' : null;
}

/** The record's own port, else the one that a holder of this lock would listen on. */
function isPortFree(owner: OwnerRecord, endpoint: Endpoint | undefined): boolean {
  const port = owner.port ?? endpoint?.port ?? 0;
  if (port === 0) return false;
  const [address] = addressesOf(endpoint?.host ?? '127.0.0.1');
  try {
    return native().askPort(connectableAddress(address!), port) === 'refused';
  } catch {
    return false; // an address that is down, a descriptor too few: no proof that the port is free
  }
}

function ageMs(path: string): number {
  return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
}

export function checkEndpoint(value: Endpoint | undefined): Endpoint | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null) throw invalidType('endpoint', 'an object', value);
  addressesOf(value.host);
  checkPort('endpoint.port', value.port);
  return value;
}
