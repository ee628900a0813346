// Creates a gateway's lock target. On release, a lock file in the lock directory is removed, but
// one that the caller named is kept.
import type { LockTarget } from '../lock/internal.js';
import type { GatewayRequest } from './gateway-options.js';

/** The paths of the locks, and the endpoint of their holder. */
export type LockLocation = Pick<GatewayRequest, 'host' | 'port' | 'paths'>;

export function lockTarget(path: string, { host, port, paths }: LockLocation): LockTarget {
  return { path, endpoint: { host, port }, ownPath: paths !== null };
}
