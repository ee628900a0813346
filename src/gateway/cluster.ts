// The cluster half of the transaction: after the host's locks, before the bind. Types only: the engine brings its own code, so that
// gateway-lock does not load gateway-lock/cluster.
import { checkTimeout, invalidType } from '../arguments.js';
import type { ClusterEngine, ClusterLock } from '../cluster/index.js';
import { type FileLock, hasDiedSinceBoot } from '../lock/internal.js';
import type { GatewayRequest } from './gateway-options.js';

/** One gateway among several hosts: a lock on an engine of `gateway-lock/cluster`, besides the locks of this host. */
export interface GatewayCluster {
  readonly engine: ClusterEngine;
  /** The name of the lock: the same on every host. */
  readonly name: string;
  /** Milliseconds that the cluster keeps the lock after its last renewal, at least 5000. @default 15000 */
  readonly ttlMs?: number;
  /** Milliseconds to wait for a gateway on another host. @default 2 * ttlMs */
  readonly timeoutMs?: number;
}

export function checkCluster(cluster: GatewayCluster | undefined): GatewayCluster | undefined {
  if (cluster === undefined) return undefined;
  if (typeof cluster.engine?.acquire !== 'function')
    throw invalidType('cluster.engine', 'an engine of gateway-lock/cluster', cluster.engine);
  if (typeof cluster.name !== 'string') throw invalidType('cluster.name', 'a string', cluster.name);
  if (cluster.timeoutMs !== undefined) checkTimeout('cluster.timeoutMs', cluster.timeoutMs);
  return cluster;
}

/** Acquires the cluster lock, if the request has one. A standby keeps the locks of its host while it waits. */
export async function joinCluster(request: GatewayRequest, locks: readonly FileLock[]): Promise<ClusterLock | null> {
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
 * Ends the cluster lock of a gateway that died on this host. The kernel lock that we hold proves that it holds no lock here, and
 * its process is proven dead in this boot, so that nothing of it can act any more.
 */
async function revokePredecessor({ engine, name }: GatewayCluster, lock: FileLock): Promise<void> {
  const claimId = deadClaim(lock, engine.target, name);
  if (claimId === null) return;
  // A failure costs time only: the claim ends by itself.
  await engine.revoke(name, claimId).catch(() => {});
}

function deadClaim({ predecessor }: FileLock, target: string, name: string): string | null {
  if (predecessor === null || !hasDiedSinceBoot(predecessor)) return null;
  const claim = predecessor['cluster'] as { target?: unknown; name?: unknown; claimId?: unknown } | undefined;
  if (claim?.target !== target || claim.name !== name) return null;
  return typeof claim.claimId === 'string' ? claim.claimId : null;
}
