// The bind part of a gateway's start. This process holds the locks, so a process that listens on
// the port cannot be a gateway with the same state directory.
import { bindExclusive } from '../bind/bind-exclusive.js';
import type { BoundListener } from '../bind/bound-listener.js';
import { monotonicMs } from '../clock.js';
import { ALLOW_NET_ADVICE, netDenial } from '../native/permission.js';
import { sleep } from '../sleep.js';
import { bindFailedError, portInUseError, portTakenError } from './gateway-error.js';
import type { GatewayRequest } from './gateway-options.js';
import { findConnectionPid, findListenerPid, hasListener, isPortReachable, isProcessAlive } from './port-check.js';

type PortRequest = Pick<GatewayRequest, 'host' | 'port' | 'timeoutMs' | 'signal'>;

/** Milliseconds between attempts to bind the port, as in OpenClaw. */
const BIND_RETRY_MS = 500;

/**
 * Milliseconds between checks of a dying owner's port. The first pauses are short, because the port
 * is usually free at once.
 */
const DYING_OWNER_PAUSES_MS = { shortest: 1, longest: 100 };

/**
 * Milliseconds during which a listener that looks alive may still be the dying owner. Windows and
 * macOS report a process as dead only after it has ended completely, and processes that are killed
 * together die one after the other.
 */
const LIVING_LISTENER_GRACE_MS = 500;

/**
 * Checks that Node's permission model allows the bind, before anything is locked.
 *
 * @throws {GatewayLockError} `ERR_GATEWAY_BIND_FAILED`
 */
export function assertBindAllowed(request: PortRequest): void {
  const denial = netDenial();
  if (denial !== null) throw bindFailedError(request, denial, ALLOW_NET_ADVICE);
}

/**
 * Checks that the port is free before the gateway waits for the cluster lock.
 *
 * @param reclaimed true if the last owner died and left its lock file behind
 * @throws {GatewayLockError} `ERR_GATEWAY_PORT_IN_USE` if another program listens on the port
 */
export async function assertPortFree(request: PortRequest, reclaimed: boolean): Promise<void> {
  if (reclaimed) await waitForPortRelease(request);
  if (isPortReachable(request)) throw inUse(request);
}

/**
 * Step 12 of docs/protocol.md. Binds the port and listens.
 *
 * @param reclaimed true if the last owner died and left its lock file behind
 */
export async function bindPort(
  request: PortRequest & Pick<GatewayRequest, 'bindTimeoutMs'>,
  reclaimed: boolean,
): Promise<BoundListener> {
  if (reclaimed) await waitForPortRelease(request);
  const deadline = monotonicMs() + request.bindTimeoutMs;
  for (;;) {
    request.signal?.throwIfAborted();
    // Probes the port before the bind, because on macOS a bind can succeed even if a process
    // already listens on the same port at another address.
    if (isPortReachable(request)) throw inUse(request);
    try {
      return bindExclusive({ host: request.host, port: request.port });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw bindFailedError(request, error);
      if (hasListener(request)) throw inUse(request, error);
      if (monotonicMs() >= deadline) throw portTakenError(request, findConnectionPid(request), error);
    }
    await sleep(Math.min(BIND_RETRY_MS, deadline - monotonicMs()), request.signal);
  }
}

function inUse(request: PortRequest, cause?: unknown) {
  const listenerPid = findListenerPid(request);
  return portInUseError(request, { lockPath: null, owner: null, ownerAlive: null, listenerPid, cause });
}

/**
 * Waits until a dying owner releases the port. Does not wait for a living listener. The kernel
 * first frees a killed process's memory, which takes seconds for several gigabytes, and then closes
 * its descriptors one by one: first the lock's, later the listener's.
 */
async function waitForPortRelease(request: PortRequest): Promise<void> {
  const started = monotonicMs();
  const deadline = started + Math.max(request.timeoutMs, LIVING_LISTENER_GRACE_MS);
  let pauseMs = DYING_OWNER_PAUSES_MS.shortest;
  while (isPortReachable(request) && monotonicMs() < deadline) {
    const graceIsOver = monotonicMs() - started > LIVING_LISTENER_GRACE_MS;
    if (graceIsOver && findLivingListener(request) !== null) return;
    await sleep(Math.min(pauseMs, deadline - monotonicMs()), request.signal);
    pauseMs = Math.min(pauseMs * 2, DYING_OWNER_PAUSES_MS.longest);
  }
}

/**
 * Returns the pid of the process that listens on the port, or null if it is dying, that is, if the
 * system no longer reports it or reports it as dead.
 */
function findLivingListener(request: PortRequest): number | null {
  const pid = findListenerPid(request);
  return pid !== null && isProcessAlive(pid) ? pid : null;
}
