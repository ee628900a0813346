// How the gateway asks lock/ for its files: those in the lock directory are the package's own, one that the caller named is kept.
import type { OwnerRecord } from '../errors.js';
import { GracePeriods } from '../lock/grace-period.js';
import { type AttemptRequest, accessFlag, flagsOf } from '../lock/lock-options.js';
import type { RecordHead } from '../lock/owner-record.js';
import type { ProbeRequest } from '../lock/probe-lock.js';
import type { GatewayRequest } from './gateway-options.js';

/** The holder of a lock, as far as its record says. */
export interface ProbedLock {
  readonly lockPath: string;
  readonly owner: OwnerRecord | null;
  readonly ownerAlive: boolean | null;
}

export function attemptRequestOf(path: string, head: RecordHead, request: GatewayRequest): AttemptRequest {
  const { weakFileSystem } = request;
  const flags = flagsOf({ weakFileSystem, keepFile: !isOwn(request) });
  const { judged, endpoint, ownPath } = probeRequestOf(path, request);
  return {
    path,
    mode: 'exclusive',
    flags,
    head,
    weakFileSystem,
    judged,
    endpoint,
    ownPath,
    gracePeriods: new GracePeriods(),
  };
}

export function probeRequestOf(
  path: string,
  request: GatewayRequest,
  access: 'owner' | 'everyone' = 'owner',
): ProbeRequest {
  const { host, port } = request;
  return { path, flags: accessFlag(access), judged: true, endpoint: { host, port }, ownPath: isOwn(request) };
}

function isOwn({ paths }: GatewayRequest): boolean {
  return paths !== null;
}
