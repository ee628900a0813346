// The bind half of the transaction. The locks are ours, so whoever has the port is no gateway of this state.
import { setTimeout as sleep } from 'node:timers/promises';
import type { BoundListener } from '../bind/bound-listener.js';
import { bindExclusive } from '../bind/bind-exclusive.js';
import { portAnswers, portOwner } from './ask-port.js';
import { bindFailedError, portInUseError } from './gateway-error.js';
import type { GatewayRequest } from './gateway-options.js';

/** As OpenClaw has it: about 10 s for a predecessor's socket to go away while nobody listens. */
const BIND_RETRIES = 20;
const BIND_RETRY_MS = 500;

export async function bindPort(request: GatewayRequest): Promise<BoundListener> {
  for (let tries = 0; ; tries++) {
    request.signal?.throwIfAborted();
    // Asked first: on macOS a bind can succeed beside a listener on another address.
    if (portAnswers(request)) throw inUse(request);
    try {
      return bindExclusive(request);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw bindFailedError(request, error);
      if (tries === BIND_RETRIES || portAnswers(request)) throw inUse(request, error);
    }
    await pauseBetweenTries(request.signal);
  }
}

function inUse(request: GatewayRequest, cause?: unknown) {
  const listenerPid = portOwner(request);
  return portInUseError(request, { lockPath: null, owner: null, ownerAlive: null, listenerPid, cause });
}

async function pauseBetweenTries(signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(BIND_RETRY_MS, undefined, signal === undefined ? {} : { signal });
  } catch {
    signal?.throwIfAborted();
  }
}
