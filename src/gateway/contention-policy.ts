// Decides whether a start fails at once or waits when another process holds the lock.
import { loadCluster } from '../native/builtins.js';
import { portInUseError } from './gateway-error.js';
import type { GatewayWait } from './gateway-lock-options.js';
import type { GatewayRequest } from './gateway-options.js';
import { findListenerPid, isPortReachable, isProcessAlive } from './port-check.js';

/** Reads the holder of the lock. Returns null if the lock has been released in the meantime. */
export type HolderReader = () => GatewayWait | null;

type ContentionRequest = Pick<GatewayRequest, 'host' | 'port' | 'bind' | 'whenListening' | 'onWait'>;

/**
 * Returns the function to call after each refused attempt to acquire the lock. It throws if the
 * holder is alive and the port is in use, because waiting would not help, and returns if the holder
 * is starting, closing or dying.
 */
export function contentionPolicy(request: ContentionRequest, readHolder: HolderReader): () => Promise<void> {
  let announced = false;
  return async () => {
    if (request.whenListening === 'fail' && request.bind && isPortReachable(request)) {
      refuseLivingHolder(request, readHolder());
    }
    if (announced) return;
    announced = true;
    const holder = readHolder();
    if (holder !== null) await request.onWait?.(holder);
    // Now, because after the wait each millisecond is one without a gateway.
    if (request.bind) loadCluster();
  };
}

/** @throws {GatewayLockError} `ERR_GATEWAY_PORT_IN_USE` unless the holder is dying */
function refuseLivingHolder(request: ContentionRequest, holder: GatewayWait | null): void {
  // The lock has been released since the last attempt, so the next attempt may succeed.
  if (holder === null) return;
  const listenerPid = listenerOf(request, holder);
  if (isDying(holder, listenerPid)) return;
  throw portInUseError(request, { ...holder, listenerPid });
}

/**
 * Returns true if the holder is dying. A killed process keeps its lock and its port until the
 * kernel has freed its memory, which takes seconds for several gigabytes. Checks again whether the
 * owner is alive, because it may have been killed during the search for the listener.
 */
function isDying({ owner, ownerAlive, holderPid }: GatewayWait, listenerPid: number | null): boolean {
  if (holderPid !== undefined) return !isProcessAlive(holderPid);
  if (ownerAlive === true) return !isProcessAlive(owner!.pid);
  return ownerAlive === false || (listenerPid !== null && !isProcessAlive(listenerPid));
}

/**
 * Returns the pid of the process that listens on the port. Uses the owner record if it contains
 * this port, because searching all processes for the socket takes milliseconds.
 */
function listenerOf(request: ContentionRequest, { owner, ownerAlive }: GatewayWait): number | null {
  const named = ownerAlive === true && owner?.kernelLock === true && owner.port === request.port;
  return named ? owner.pid : findListenerPid(request);
}
