// The cluster part of a gateway's start, after this host's locks and before the bind. Imports only
// types from src/cluster, so that gateway-lock does not load gateway-lock/cluster. The caller's
// engine provides the code.
import type { ClusterLock } from '../cluster/index.js';
import { type FileLock, hasDiedSinceBoot } from '../lock/internal.js';
import type { GatewayCluster } from './gateway-lock-options.js';
import type { GatewayRequest } from './gateway-options.js';

/**
 * Acquires the cluster lock if there is one in the request. While it waits, the gateway keeps the
 * locks of its host.
 */
export async function joinCluster(
  request: Pick<GatewayRequest, 'cluster' | 'signal' | 'owner'>,
  locks: readonly FileLock[],
): Promise<ClusterLock | null> {
  const { cluster, signal } = request;
  if (cluster === undefined) return null;
  const { engine, name, ttlMs, timeoutMs } = cluster;
  await revokePredecessor(cluster, locks[0]!);
  return engine.acquire(name, {
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(signal === undefined ? {} : { signal }),
    owner: request.owner,
    onClaim: (claimId) => locks[0]!.updateOwner({ cluster: { target: engine.target, name, claimId } }),
  });
}

/**
 * Revokes the cluster lock of a gateway that died on this host. This is safe because this process
 * now holds the kernel lock, and because the predecessor's process is known to have died since this
 * host was booted.
 */
async function revokePredecessor({ engine, name }: GatewayCluster, lock: FileLock): Promise<void> {
  const claimId = deadClaim(lock, engine.target, name);
  if (claimId === null) return;
  // A failed revocation only delays the start, because the claim expires.
  await engine.revoke(name, claimId).catch(() => {});
}

/**
 * Returns the claim id of a dead predecessor. Returns null if the predecessor is not known to be
 * dead, or if its record contains no claim on this cluster lock.
 */
function deadClaim({ predecessor }: FileLock, target: string, name: string): string | null {
  if (predecessor === null || !hasDiedSinceBoot(predecessor)) return null;
  const claim = predecessor['cluster'] as { target?: unknown; name?: unknown; claimId?: unknown } | undefined;
  if (claim?.target !== target || claim.name !== name) return null;
  return typeof claim.claimId === 'string' ? claim.claimId : null;
}
