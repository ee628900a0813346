// One gateway per state directory and port: lock, probe, bind, listen, publish; all of it or nothing.
import type { BoundListener } from '../bind/bound-listener.js';
import type { ClusterLock } from '../cluster/index.js';
import type { FileLock } from '../lock/internal.js';
import { assertPortFree, bindPort } from './bind-port.js';
import { joinCluster } from './cluster.js';
import { lockFailedError } from './gateway-error.js';
import { GatewayLock } from './gateway-lock.js';
import { type GatewayLockOptions, type GatewayRequest, readGatewayOptions } from './gateway-options.js';
import { releaseAll, takeLocks } from './take-locks.js';

/**
 * Takes the state lock and the config lock, then binds the port exclusively and listens. Call it before
 * anything that touches the state. The kernel gives all of it back when the process dies in any way.
 *
 * @throws {GatewayLockError} `ERR_GATEWAY_PORT_IN_USE`, `ERR_GATEWAY_BIND_FAILED`, `ERR_GATEWAY_LOCKED`,
 *   `ERR_GATEWAY_LOCK_FAILED`; {TypeError|RangeError} `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE`;
 *   `signal.reason` when the signal aborts; with `cluster` what `acquireClusterLock` throws
 */
export async function acquireGatewayLock(options: GatewayLockOptions = {}): Promise<GatewayLock> {
  const request = readGatewayOptions(options);
  request.signal?.throwIfAborted();
  const locks: FileLock[] = [];
  let listener: BoundListener | null = null;
  let cluster: ClusterLock | null = null;
  try {
    await takeLocks(request, locks);
    if (request.cluster !== undefined) await assertPortFree(request, hasReclaimed(locks));
    cluster = await joinCluster(request, locks);
    if (request.bind) listener = await bindPort(request, hasReclaimed(locks));
    const port = listener?.address.port ?? request.port;
    if (listener !== null) publish(locks, request, port);
    return new GatewayLock(request.host, port, locks, listener, cluster);
  } catch (error) {
    await listener?.close();
    await cluster?.release().catch(() => {});
    releaseAll(locks);
    throw error;
  }
}

function hasReclaimed(locks: readonly FileLock[]): boolean {
  return locks.some((lock) => lock.reclaimed !== null);
}

/** Step 13 of docs/protocol.md. Says in the records where this gateway can be reached. */
function publish(locks: readonly FileLock[], request: GatewayRequest, port: number): void {
  for (const lock of locks) {
    try {
      lock.nameListener(request.host, port);
    } catch (error) {
      throw lockFailedError(request, lock.path, error);
    }
  }
}
