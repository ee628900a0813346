// The bind half of the transaction. We hold the locks, so whatever has the port is not a gateway of this state directory.
import { bindExclusive } from '../bind/bind-exclusive.js';
import type { BoundListener } from '../bind/bound-listener.js';
import { monotonicMs } from '../clock.js';
import { sleep } from '../sleep.js';
import { bindFailedError, portInUseError, portTakenError } from './gateway-error.js';
import type { GatewayRequest } from './gateway-options.js';
import { findConnectionPid, findListenerPid, hasListener, isPortReachable, isProcessAlive } from './port-check.js';

/** As OpenClaw has it. */
const BIND_RETRY_MS = 500;

/** Milliseconds between two looks at the port of a dying owner. The first ones are close together: usually it is gone at once. */
const DYING_OWNER_PAUSES_MS = { shortest: 5, longest: 100 };

/**
 * How long, in milliseconds, a living listener may still turn out to be the dying owner: Windows and macOS report a death
 * only when it is over, and processes that are killed together die one after the other.
 */
const LIVING_LISTENER_GRACE_MS = 500;

/**
 * Fails before a wait for the cluster if another program listens on the port.
 *
 * @throws {GatewayLockError} `ERR_GATEWAY_PORT_IN_USE`
 */
export async function assertPortFree(request: GatewayRequest, reclaimed: boolean): Promise<void> {
  if (!request.bind) return;
  if (reclaimed) await waitForPortRelease(request);
  if (isPortReachable(request)) throw inUse(request);
}

/** Step 12 of docs/protocol.md. @param reclaimed the last owner died and left its lock file */
export async function bindPort(request: GatewayRequest, reclaimed: boolean): Promise<BoundListener> {
  if (reclaimed) await waitForPortRelease(request);
  const deadline = monotonicMs() + request.bindTimeoutMs;
  for (;;) {
    request.signal?.throwIfAborted();
    // Probed first: on macOS a bind can succeed beside a listener on another address.
    if (isPortReachable(request)) throw inUse(request);
    try {
      return bindExclusive(request);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw bindFailedError(request, error);
      if (hasListener(request)) throw inUse(request, error);
      if (monotonicMs() >= deadline) throw portTakenError(request, findConnectionPid(request), error);
    }
    await sleep(Math.min(BIND_RETRY_MS, deadline - monotonicMs()), request.signal);
  }
}

function inUse(request: GatewayRequest, cause?: unknown) {
  const listenerPid = findListenerPid(request);
  return portInUseError(request, { lockPath: null, owner: null, ownerAlive: null, listenerPid, cause });
}

/**
 * The kernel closes the descriptors of a killed process one by one, the lock before the listener, and not before it has taken
 * back the memory: seconds for gigabytes. Meanwhile nothing that lives listens there.
 */
async function waitForPortRelease(request: GatewayRequest): Promise<void> {
  const started = monotonicMs();
  const deadline = started + Math.max(request.timeoutMs, LIVING_LISTENER_GRACE_MS);
  let pauseMs = DYING_OWNER_PAUSES_MS.shortest;
  while (isPortReachable(request) && monotonicMs() < deadline) {
    const graceIsOver = monotonicMs() - started > LIVING_LISTENER_GRACE_MS;
    if (graceIsOver && livingListener(request) !== null) return;
    await sleep(Math.min(pauseMs, deadline - monotonicMs()), request.signal);
    pauseMs = Math.min(pauseMs * 2, DYING_OWNER_PAUSES_MS.longest);
  }
}

/** Null while a process dies: the system no longer names it. */
function livingListener(request: GatewayRequest): number | null {
  const pid = findListenerPid(request);
  return pid !== null && isProcessAlive(pid) ? pid : null;
}
