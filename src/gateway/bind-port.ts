// The bind half of the transaction. We hold the locks, so whatever has the port is not a gateway of this state directory.
import { bindExclusive } from '../bind/bind-exclusive.js';
import type { BoundListener } from '../bind/bound-listener.js';
import { monotonicMs } from '../clock.js';
import { pause } from '../lock/pause.js';
import { connectionOwner, isProcessAlive, portAnswers, portHasListener, portOwner } from './ask-port.js';
import { bindFailedError, portInUseError, portTakenError } from './gateway-error.js';
import type { GatewayRequest } from './gateway-options.js';

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
  if (reclaimed) await letOwnerDie(request);
  if (portAnswers(request)) throw inUse(request);
}

/** Step 12 of docs/protocol.md. @param reclaimed the last owner died and left its lock file */
export async function bindPort(request: GatewayRequest, reclaimed: boolean): Promise<BoundListener> {
  if (reclaimed) await letOwnerDie(request);
  const deadline = monotonicMs() + request.bindTimeoutMs;
  for (;;) {
    request.signal?.throwIfAborted();
    // Probed first: on macOS a bind can succeed beside a listener on another address.
    if (portAnswers(request)) throw inUse(request);
    try {
      return bindExclusive(request);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw bindFailedError(request, error);
      if (portHasListener(request)) throw inUse(request, error);
      if (monotonicMs() >= deadline) throw portTakenError(request, connectionOwner(request), error);
    }
    await pause(Math.min(BIND_RETRY_MS, deadline - monotonicMs()), request.signal);
  }
}

function inUse(request: GatewayRequest, cause?: unknown) {
  const listenerPid = portOwner(request);
  return portInUseError(request, { lockPath: null, owner: null, ownerAlive: null, listenerPid, cause });
}

/**
 * The kernel closes the descriptors of a killed process one by one, the lock before the listener, and not before it has taken
 * back the memory: seconds for gigabytes. Meanwhile nothing that lives listens there.
 */
async function letOwnerDie(request: GatewayRequest): Promise<void> {
  const started = monotonicMs();
  const deadline = started + Math.max(request.timeoutMs, LIVING_LISTENER_GRACE_MS);
  let pauseMs = DYING_OWNER_PAUSES_MS.shortest;
  while (portAnswers(request) && monotonicMs() < deadline) {
    const graceIsOver = monotonicMs() - started > LIVING_LISTENER_GRACE_MS;
    if (graceIsOver && livingListener(request) !== null) return;
    await pause(Math.min(pauseMs, deadline - monotonicMs()), request.signal);
    pauseMs = Math.min(pauseMs * 2, DYING_OWNER_PAUSES_MS.longest);
  }
}

/** Null while a process dies: the system no longer names it. */
function livingListener(request: GatewayRequest): number | null {
  const pid = portOwner(request);
  return pid !== null && isProcessAlive(pid) ? pid : null;
}
