// The bind half of the transaction. The locks are ours, so whoever has the port is no gateway of this state.
import { bindExclusive } from '../bind/bind-exclusive.js';
import type { BoundListener } from '../bind/bound-listener.js';
import { monotonicMs } from '../clock.js';
import { pause } from '../lock/pause.js';
import { portAnswers, portHasListener, portOwner } from './ask-port.js';
import { bindFailedError, portInUseError } from './gateway-error.js';
import type { GatewayRequest } from './gateway-options.js';

/** As OpenClaw has it. */
const BIND_RETRY_MS = 500;

/**
 * The kernel closes the descriptors of a killed process one by one, the lock before the listener: for a
 * moment its lock is free and its port still answers.
 */
const DYING_OWNER_GRACE_MS = 500;
const DYING_OWNER_PAUSE_MS = 5;

/** Step 12 of docs/protocol.md. @param reclaimed the last owner died and left its lock file */
export async function bindPort(request: GatewayRequest, reclaimed: boolean): Promise<BoundListener> {
  if (reclaimed) await letOwnerDie(request);
  const deadline = monotonicMs() + request.bindTimeoutMs;
  for (;;) {
    request.signal?.throwIfAborted();
    // Asked first: on macOS a bind can succeed beside a listener on another address.
    if (portAnswers(request)) throw inUse(request);
    try {
      return bindExclusive(request);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw bindFailedError(request, error);
      if (monotonicMs() >= deadline || portHasListener(request)) throw inUse(request, error);
    }
    await pause(Math.min(BIND_RETRY_MS, deadline - monotonicMs()), request.signal);
  }
}

function inUse(request: GatewayRequest, cause?: unknown) {
  const listenerPid = portOwner(request);
  return portInUseError(request, { lockPath: null, owner: null, ownerAlive: null, listenerPid, cause });
}

async function letOwnerDie(request: GatewayRequest): Promise<void> {
  const deadline = monotonicMs() + DYING_OWNER_GRACE_MS;
  while (portAnswers(request) && monotonicMs() < deadline) await pause(DYING_OWNER_PAUSE_MS, request.signal);
}
