// Allows at most one gateway per state directory and port. A start is a transaction: either all
// steps succeed, or all are undone.
import type { BoundListener } from '../bind/bound-listener.js';
import type { ClusterLock } from '../cluster/index.js';
import type { FileLock } from '../lock/internal.js';
import { acquireLocks, undoLocks } from './acquire-locks.js';
import { assertBindAllowed, assertPortFree, bindPort } from './bind-port.js';
import { joinCluster } from './cluster.js';
import { lockFailedError } from './gateway-error.js';
import { GatewayLock } from './gateway-lock.js';
import type { GatewayLockOptions } from './gateway-lock-options.js';
import { type GatewayRequest, readGatewayOptions } from './gateway-options.js';

/**
 * Acquires the state lock and the config lock, then binds the port exclusively and listens on it.
 * Call this before the program touches its state. The kernel releases the locks and the port when
 * the process dies for any reason.
 *
 * @throws {GatewayLockError} `ERR_GATEWAY_PORT_IN_USE` if a process listens on the port
 * @throws {GatewayLockError} `ERR_GATEWAY_BIND_FAILED` if the bind fails for another reason
 * @throws {GatewayLockError} `ERR_GATEWAY_LOCKED` if a lock is still held after `timeoutMs`
 * @throws {GatewayLockError} `ERR_GATEWAY_LOCK_FAILED` if a lock file cannot be used
 * @throws {LockError} `ERR_NATIVE_MISSING` if the addon cannot be loaded
 * @throws {TypeError} `ERR_INVALID_ARG_*`
 * @throws {RangeError} `ERR_OUT_OF_RANGE`
 * @throws `signal.reason` if the signal aborts
 * @throws everything that `acquireClusterLock` throws, if the option `cluster` is set
 */
export async function acquireGatewayLock(options: GatewayLockOptions = {}): Promise<GatewayLock> {
  const request = readGatewayOptions(options);
  request.signal?.throwIfAborted();
  if (request.bind) assertBindAllowed(request);
  const locks: FileLock[] = [];
  let listener: BoundListener | null = null;
  let cluster: ClusterLock | null = null;
  try {
    await acquireLocks(request, locks);
    if (request.cluster !== undefined && request.bind) await assertPortFree(request, hasReclaimed(locks));
    cluster = await joinCluster(request, locks);
    if (request.bind) listener = await bindPort(request, hasReclaimed(locks));
    const port = listener?.address.port ?? request.port;
    if (listener !== null) recordEndpoint(locks, request, port);
    return new GatewayLock(request.host, port, locks, listener, cluster);
  } catch (error) {
    await listener?.close();
    await cluster?.release().catch(() => {});
    undoLocks(locks);
    throw error;
  }
}

function hasReclaimed(locks: readonly FileLock[]): boolean {
  return locks.some((lock) => lock.reclaimed !== null);
}

/** Step 13 of docs/protocol.md. Writes this gateway's endpoint to the owner records. */
function recordEndpoint(
  locks: readonly FileLock[],
  request: Pick<GatewayRequest, 'host' | 'port' | 'paths'>,
  port: number,
): void {
  for (const lock of locks) {
    try {
      lock.nameListener(request.host, port);
    } catch (error) {
      throw lockFailedError(request, lock.path, error);
    }
  }
}
