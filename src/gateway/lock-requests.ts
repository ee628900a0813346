// Lock targets of a gateway: files in the lock directory are the package's own, a file that the caller named is kept.
import type { OwnerRecord } from '../errors.js';
import type { LockTarget } from '../lock/internal.js';
import type { GatewayRequest } from './gateway-options.js';

/** The holder of a lock, as far as its record says. */
export interface ProbedLock {
  readonly lockPath: string;
  readonly owner: OwnerRecord | null;
  readonly ownerAlive: boolean | null;
}

export function lockTarget(path: string, { host, port, paths }: GatewayRequest): LockTarget {
  return { path, endpoint: { host, port }, ownPath: paths !== null };
}
