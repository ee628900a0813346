// The cluster part of the transaction, which runs after the locks of this host are acquired and
// before the bind. Imports only types of src/cluster, so that gateway-lock does not load
// gateway-lock/cluster. The code comes with the caller's engine.
import type { ClusterLock } from '../cluster/index.js';
import { type FileLock, hasDiedSinceBoot } from '../lock/internal.js';
import type { GatewayCluster } from './gateway-lock-options.js';
import type { GatewayRequest } from './gateway-options.js';

/**
 * Acquires the cluster lock if the request has one. A gateway that waits for the cluster lock keeps
 * the locks of its host.
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
 * Revokes the cluster lock of a gateway that died on this host. The revocation is safe, because our
 * kernel lock proves that the predecessor holds no lock here, and the predecessor's process is
 * known to have died in this boot.
 */
async function revokePredecessor({ engine, name }: GatewayCluster, lock: FileLock): Promise<void> {
  const claimId = deadClaim(lock, engine.target, name);
  if (claimId === null) return;
  // A failed revocation only delays the start, because the claim expires.
  await engine.revoke(name, claimId).catch(() => {});
}

/**
 * Returns the claim id of a dead predecessor. Returns null if the predecessor is not known to be
 * dead, or held no claim on this cluster lock.
 */
function deadClaim({ predecessor }: FileLock, target: string, name: string): string | null {
  if (predecessor === null || !hasDiedSinceBoot(predecessor)) return null;
  const claim = predecessor['cluster'] as { target?: unknown; name?: unknown; claimId?: unknown } | undefined;
  if (claim?.target !== target || claim.name !== name) return null;
  return typeof claim.claimId === 'string' ? claim.claimId : null;
}
