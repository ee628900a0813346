// Requests to lock/ for the files of a gateway. Files in the lock directory belong to the package;
// a file that the caller named is kept.
import { GracePeriods } from '../lock/grace-period.js';
import { type AttemptRequest, accessFlag, flagsOf } from '../lock/lock-options.js';
import type { RecordHead } from '../lock/owner-record.js';
import type { ProbeRequest } from '../lock/probe-lock.js';
import type { GatewayRequest } from './gateway-options.js';

/** Where the locks are, and the endpoint of their holder. */
export type LockLocation = Pick<GatewayRequest, 'host' | 'port' | 'paths'>;

export function attemptRequestOf(
  path: string,
  head: RecordHead,
  request: LockLocation & Pick<GatewayRequest, 'weakFileSystem'>,
): AttemptRequest {
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
  location: LockLocation,
  access: 'owner' | 'everyone' = 'owner',
): ProbeRequest {
  const { host, port } = location;
  return { path, flags: accessFlag(access), judged: true, endpoint: { host, port }, ownPath: isOwn(location) };
}

function isOwn({ paths }: LockLocation): boolean {
  return paths !== null;
}
