// The public interface of gateway-lock/cluster.
import type { AcquireClusterLockOptions, TryAcquireClusterLockOptions } from './acquire-options.js';
import type { ClusterEngine, ClusterLockProbe } from './cluster-engine.js';
import type { ClusterLock } from './cluster-lock.js';

export type { LockErrorCode } from '../errors.js';
export { LockError } from '../errors.js';
export type { AcquireClusterLockOptions, TryAcquireClusterLockOptions } from './acquire-options.js';
export type { ClusterEngine, ClusterLockProbe } from './cluster-engine.js';
export { ClusterLockError } from './cluster-error.js';
export type { ClusterLock, ClusterLostListener } from './cluster-lock.js';
export { clusterEngine } from './cluster-url.js';
export type { ClusterFinding, ClusterHolder, ClusterOwner } from './driver.js';
export type { EtcdTls } from './engines/etcd/channel.js';
export type { EtcdAuth } from './engines/etcd/client.js';
export type { EtcdEngineOptions } from './engines/etcd/options.js';
export { etcdEngine } from './engines/etcd.js';
export type { PostgresClient, PostgresEngineOptions } from './engines/postgres.js';
export { postgresEngine } from './engines/postgres.js';

/**
 * The option that selects the engine.
 *
 * @example
 * const on: OnEngine = { engine: etcdEngine({ endpoints: ['https://etcd.example:2379'] }) };
 * await probeClusterLock('billing', on);
 */
export interface OnEngine {
  readonly engine: ClusterEngine;
}

/**
 * Acquires the lock `name`, waiting up to `timeoutMs` milliseconds if another client holds it.
 *
 * @example
 * import pg from 'pg';
 *
 * const engine = etcdEngine({ endpoints: ['https://etcd.example:2379'] });
 * const lock = await acquireClusterLock('billing', { engine });
 * await new pg.Client().query('update fence set token = $1 where token < $1', [lock.token]);
 * await lock.release();
 * @throws {LockError} ERR_LOCK_TIMEOUT if another client holds the lock at the deadline
 * @throws {LockError} ERR_CLUSTER_UNAVAILABLE if no server responded
 * @throws {LockError} ERR_CLUSTER_UNSUITABLE if the cluster cannot provide locks of this kind
 * @throws {LockError} ERR_NATIVE_MISSING if the addon cannot be loaded
 */
export function acquireClusterLock(name: string, options: AcquireClusterLockOptions & OnEngine): Promise<ClusterLock> {
  return options.engine.acquire(name, options);
}

/**
 * Acquires the lock `name` without waiting. Returns null if another client holds the lock.
 *
 * @example
 * const engine = etcdEngine({ endpoints: ['https://etcd.example:2379'] });
 * const lock = await tryAcquireClusterLock('billing', { engine });
 * if (lock === null) console.log('another client holds the lock');
 * @throws {LockError} ERR_CLUSTER_UNAVAILABLE if no server responded
 * @throws {LockError} ERR_CLUSTER_UNSUITABLE if the cluster cannot provide locks of this kind
 * @throws {LockError} ERR_NATIVE_MISSING if the addon cannot be loaded
 */
export function tryAcquireClusterLock(
  name: string,
  options: TryAcquireClusterLockOptions & OnEngine,
): Promise<ClusterLock | null> {
  return options.engine.tryAcquire(name, options);
}

/**
 * Reads the state of the lock `name` without side effects. If no server responds, the state is
 * `unreachable`: the lock may be held or free.
 *
 * @example
 * const engine = etcdEngine({ endpoints: ['https://etcd.example:2379'] });
 * console.log((await probeClusterLock('billing', { engine })).state);
 * @throws {LockError} ERR_CLUSTER_UNSUITABLE if the cluster cannot provide locks of this kind
 */
export function probeClusterLock(name: string, options: OnEngine): Promise<ClusterLockProbe> {
  return options.engine.probe(name);
}
