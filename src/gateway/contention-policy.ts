// What a start does while another process holds its lock: fail at once, or wait.

import { portInUseError } from './gateway-error.js';
import type { GatewayRequest } from './gateway-options.js';
import type { ProbedLock } from './lock-requests.js';
import { findListenerPid, isPortReachable, isProcessAlive } from './port-check.js';

/** Reads who holds the lock. Returns null if it has been released meanwhile. */
export type HolderReader = () => ProbedLock | null;

/**
 * Called while the lock is held. Fails at once if the holder lives and the port is in use: waiting would not help. Waits for
 * a holder that is starting, closing or dying.
 */
export function contentionPolicy(request: GatewayRequest, readHolder: HolderReader): () => Promise<void> {
  let announced = false;
  return async () => {
    if (request.whenListening === 'fail' && request.bind && isPortReachable(request)) {
      refuseLivingHolder(request, readHolder());
    }
    if (announced) return;
    announced = true;
    const holder = readHolder();
    if (holder !== null) await request.onWait?.(holder);
  };
}

/** @throws {GatewayLockError} `ERR_GATEWAY_PORT_IN_USE` */
function refuseLivingHolder(request: GatewayRequest, holder: ProbedLock | null): void {
  // Released since the attempt: the next one decides.
  if (holder === null) return;
  const listenerPid = listenerOf(request, holder);
  if (isDying(holder, listenerPid)) return;
  throw portInUseError(request, { ...holder, listenerPid });
}

/**
 * A killed process keeps lock and port until the kernel has taken back its memory, which takes seconds for gigabytes.
 * Asks for a living owner again: it may have been killed while the listener was looked for.
 */
function isDying({ owner, ownerAlive }: ProbedLock, listenerPid: number | null): boolean {
  if (ownerAlive === true) return !isProcessAlive(owner!.pid);
  return ownerAlive === false || (listenerPid !== null && !isProcessAlive(listenerPid));
}

/** Uses the record if it names this port. Searching all processes for the socket takes milliseconds. */
function listenerOf(request: GatewayRequest, { owner, ownerAlive }: ProbedLock): number | null {
  const said = ownerAlive === true && owner?.kernelLock === true && owner.port === request.port;
  return said ? owner.pid : findListenerPid(request);
}
