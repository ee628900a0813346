// Probes the locks of a gateway, without its port.
import { GatewayLockError } from '../errors.js';
import { type LockProbe, probeTarget } from '../lock/internal.js';
import { lockFailedError } from './gateway-error.js';
import type { GatewayLockOptions } from './gateway-lock-options.js';
import { type GatewayRequest, readGatewayOptions } from './gateway-options.js';
import { type LockLocation, lockTarget } from './lock-requests.js';

/**
 * Probes only the locks of a gateway. Returns the first lock that is held or, if there is none, the
 * first lock.
 *
 * @throws what `probeGateway` throws
 * @internal
 */
export function probeGatewayLock(options: GatewayLockOptions): GatewayLockProbe {
  return probeLocks(readGatewayOptions(options));
}

/** The state of a lock of a gateway. @internal */
export type GatewayLockProbe = LockProbe & { readonly lockPath: string };

/** Like {@link probeGatewayLock}, with checked options. */
export function probeLocks(request: LockLocation & Pick<GatewayRequest, 'lockPaths'>): GatewayLockProbe {
  const probes = request.lockPaths.map((path) => probeOne(path(), request));
  return probes.find(({ state }) => state === 'held') ?? probes[0]!;
}

function probeOne(lockPath: string, location: LockLocation): GatewayLockProbe {
  try {
    return { lockPath, ...probeTarget(lockTarget(lockPath, location)) };
  } catch (error) {
    throw error instanceof GatewayLockError ? error : lockFailedError(location, lockPath, error);
  }
}
