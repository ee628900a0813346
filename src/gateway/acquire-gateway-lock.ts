// Allows at most one gateway per state directory and port. A start is a transaction: either all
// steps succeed, or all are undone.
import type { BoundListener } from '../bind/bound-listener.js';
import type { ClusterLock } from '../cluster/index.js';
import type { FileLock } from '../lock/internal.js';
import { socketsAreSent } from '../native/platform.js';
import { acquireLocks, undoLocks } from './acquire-locks.js';
import { assertBindAllowed, assertPortFree, bindPort } from './bind-port.js';
import { joinCluster } from './cluster.js';
import { recordEndpoint } from './endpoint-record.js';
import { GatewayLock } from './gateway-lock.js';
import type { GatewayLockOptions } from './gateway-lock-options.js';
import { type GatewayRequest, readGatewayOptions } from './gateway-options.js';
import { adoptActivatedSocket } from './inherited/activation.js';
import { type Adoption, adoptInherited } from './inherited/adoption.js';
import { receiveSockets } from './inherited/sent-sockets.js';
import { Succession } from './inherited/succession.js';

/**
 * Acquires the state lock and the config lock, then binds the port exclusively and listens on it.
 * Call this before the program touches its state. The kernel releases the locks and the port when
 * the process dies for any reason.
 *
 * If a predecessor, `gateway-lock run` or systemd has passed the locks or the socket to this
 * process, adopts them instead (see the option `inherited`).
 *
 * @example
 * import { createServer } from 'node:http';
 *
 * const lock = await acquireGatewayLock({ profile: 'staging', timeoutMs: 2000 });
 * await lock.listen(createServer((request, response) => response.end('{"ok":true,"status":"live"}')));
 * console.log(`gateway listening on ${lock.url}`);
 * await lock.close();
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
  const adoption = request.inherited === 'adopt' ? adoptInherited(request) : null;
  const parts: Parts = { locks: [], listener: null, cluster: null, inheritedFrom: null };
  try {
    if (adoption === null) await acquire(request, parts);
    else await adopt(request, adoption, parts);
    const bound = { ...request, port: parts.listener?.address.port ?? request.port };
    recordEndpoint(parts.locks, bound);
    const succession = adoption === null ? null : new Succession(adoption.from, adoption.custody, parts.locks, bound);
    return new GatewayLock(bound, parts, succession);
  } catch (error) {
    // An abort reason need not be an Error.
    adoption?.custody.refuse(error instanceof Error ? error.message : String(error));
    await parts.listener?.close();
    await parts.cluster?.release().catch(() => {});
    undoLocks(parts.locks);
    throw error;
  }
}

interface Parts {
  locks: FileLock[];
  listener: BoundListener | null;
  cluster: ClusterLock | null;
  inheritedFrom: GatewayLock['inheritedFrom'];
}

async function acquire(request: GatewayRequest, parts: Parts): Promise<void> {
  if (request.inherited === 'adopt') await inheritSocket(request, parts);
  const { listener, locks } = parts;
  // The adopted socket listens already, so a listener does not mean that the holder is alive.
  await acquireLocks(listener === null ? request : { ...request, whenListening: 'wait' }, locks);
  const needsPort = request.bind && listener === null;
  if (request.cluster !== undefined && needsPort) await assertPortFree(request, hasReclaimed(locks));
  parts.cluster = await joinCluster(request, locks);
  if (needsPort) parts.listener = await bindPort(request, hasReclaimed(locks));
}

async function inheritSocket(request: GatewayRequest, parts: Parts): Promise<void> {
  const received = socketsAreSent ? await receiveSockets(request) : null;
  if (received !== null) {
    parts.listener = received.listener;
    parts.inheritedFrom = 'upgrade';
  } else if (request.bind) {
    parts.listener = adoptActivatedSocket(request);
    if (parts.listener !== null) parts.inheritedFrom = 'systemd';
  }
}

/** Continues with what was adopted. Binds the port if no socket was inherited. */
async function adopt(request: GatewayRequest, { from, locks, listener }: Adoption, parts: Parts): Promise<void> {
  Object.assign(parts, { locks, listener, inheritedFrom: from });
  if (request.bind && listener === null) parts.listener = await bindPort(request, false);
}

function hasReclaimed(locks: readonly FileLock[]): boolean {
  return locks.some((lock) => lock.reclaimed !== null);
}
