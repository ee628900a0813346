// The options for acquiring a cluster lock: types, defaults and checks.
import {
  checkFunction,
  checkOptions,
  checkSignal,
  checkTimeout,
  invalidType,
  invalidValue,
  type OptionNames,
  outOfRange,
} from '../arguments.js';
import type { ErrorSubject } from './cluster-error.js';
import type { ClusterHolder, ClusterOwner, Driver } from './driver.js';
import { bootClockMs, DEFAULT_TTL_MS, type LeaseTimes, leaseTimes, MIN_TTL_MS } from './lease.js';
import { describeOwner } from './owner.js';

const MAX_TTL_MS = 24 * 3600 * 1000;

/**
 * Options of `tryAcquireClusterLock`.
 *
 * @example
 * const options: TryAcquireClusterLockOptions = { ttlMs: 10_000, owner: { task: 'report' } };
 * const engine = etcdEngine({ endpoints: ['https://etcd.example:2379'] });
 * await tryAcquireClusterLock('billing', { engine, ...options });
 */
export interface TryAcquireClusterLockOptions {
  /**
   * Time to live: how long the servers keep the lock after its last renewal, in milliseconds. From
   * 5000 to 86400000 (one day), rounded up to whole seconds.
   *
   * @default 15000
   */
  readonly ttlMs?: number | undefined;
  /**
   * Fields for the owner record, which other clients can read. The complete record must not exceed
   * 4096 bytes of JSON.
   */
  readonly owner?: Readonly<Record<string, unknown>> | undefined;
  /** Aborts the attempt: the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called with the id of each claim before its first request is sent. If this process dies, a
   * successor that can prove it can pass the id to `engine.revoke()` instead of waiting for
   * `ttlMs`.
   */
  readonly onClaim?: ((claimId: string) => void) | undefined;
}

/**
 * Options of `acquireClusterLock`.
 *
 * @example
 * const options: AcquireClusterLockOptions = { ttlMs: 10_000, timeoutMs: 60_000 };
 * const engine = etcdEngine({ endpoints: ['https://etcd.example:2379'] });
 * await acquireClusterLock('billing', { engine, ...options });
 */
export interface AcquireClusterLockOptions extends TryAcquireClusterLockOptions {
  /**
   * How long to wait for the lock, in milliseconds. 0 makes a single attempt, Infinity waits
   * forever. A request sent before the deadline is still completed, which can take up to a fifth of
   * `ttlMs` per endpoint.
   *
   * @default 2 * ttlMs, which is longer than the servers keep the lock of a dead holder
   */
  readonly timeoutMs?: number | undefined;
  /** Called when the wait begins, and each time another client becomes the holder. */
  readonly onWait?: ((holder: ClusterHolder | null) => void) | undefined;
}

/**
 * The checked options of one acquisition.
 *
 * @internal
 */
export interface AcquireRequest {
  readonly driver: Driver;
  readonly subject: ErrorSubject;
  readonly times: LeaseTimes;
  readonly owner: ClusterOwner;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** End of the wait, in milliseconds on the boot clock. */
  readonly deadlineMs: number;
  readonly onClaim: (claimId: string) => void;
  readonly onWait: (holder: ClusterHolder | null) => void;
}

/** `engine` is accepted and ignored, because the functions of this package pass it on. */
const OPTIONS: OptionNames<AcquireClusterLockOptions & { readonly engine: unknown }> = {
  engine: true,
  ttlMs: true,
  owner: true,
  signal: true,
  onClaim: true,
  timeoutMs: true,
  onWait: true,
};

/**
 * Checks the arguments and fills in the defaults.
 *
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {TypeError} ERR_INVALID_ARG_VALUE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 * @internal
 */
export function readRequest(driver: Driver, name: string, options: AcquireClusterLockOptions): AcquireRequest {
  checkOptions(options, OPTIONS);
  const times = leaseTimes(checkTtl(options.ttlMs ?? DEFAULT_TTL_MS));
  const timeoutMs = checkTimeout('timeoutMs', options.timeoutMs ?? 2 * times.ttlMs);
  return {
    driver,
    times,
    timeoutMs,
    subject: { lockName: checkName(name), target: driver.target },
    owner: describeOwner(options.owner ?? {}),
    signal: checkSignal(options.signal),
    deadlineMs: bootClockMs() + timeoutMs,
    onClaim: checkFunction('onClaim', options.onClaim) ?? (() => {}),
    onWait: checkFunction('onWait', options.onWait) ?? (() => {}),
  };
}

/**
 * Checks the name of a lock. Slashes are not allowed, because in etcd the keys of lock 'a/b' would
 * be in the queue of lock 'a'.
 */
export function checkName(name: unknown): string {
  if (typeof name !== 'string') throw invalidType('name', 'a string', name);
  if (!/^[\w.@:+-]{1,200}$/.test(name)) throw invalidValue('name', '1 to 200 letters, digits and . _ @ : + -', name);
  return name;
}

function checkTtl(ttlMs: unknown): number {
  if (typeof ttlMs !== 'number') throw invalidType('ttlMs', 'a number of milliseconds', ttlMs);
  if (!(ttlMs >= MIN_TTL_MS && ttlMs <= MAX_TTL_MS))
    throw outOfRange('ttlMs', `from ${MIN_TTL_MS} to ${MAX_TTL_MS} milliseconds`, ttlMs);
  // etcd grants leases in whole seconds.
  return Math.ceil(ttlMs / 1000) * 1000;
}
