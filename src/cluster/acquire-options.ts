// The options of an acquisition, checked.
import { checkFunction, checkSignal, checkTimeout, invalidType, invalidValue, outOfRange } from '../arguments.js';
import type { ErrorSubject } from './cluster-error.js';
import type { ClusterHolder, ClusterOwner, Driver } from './driver.js';
import { bootClockMs, DEFAULT_TTL_MS, type LeaseTimes, leaseTimes, MIN_TTL_MS } from './lease.js';
import { describeOwner } from './owner.js';

const MAX_TTL_MS = 24 * 3600 * 1000;

export interface TryAcquireClusterLockOptions {
  /** Milliseconds that the servers keep the lock after its last renewal, from 5000 to one day. @default 15000 */
  readonly ttlMs?: number;
  /** Added to the owner record that other clients can read: JSON, at most 4096 bytes. */
  readonly owner?: Readonly<Record<string, unknown>>;
  /** Ends the attempt: the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /**
   * Called with the id of each claim before anything is sent for it. A successor that can prove that this process is dead
   * revokes that id with `engine.revoke()` and need not wait for `ttlMs`.
   */
  readonly onClaim?: (claimId: string) => void;
}

export interface AcquireClusterLockOptions extends TryAcquireClusterLockOptions {
  /**
   * Milliseconds to wait for the holder: 0 tries once, Infinity waits forever. A request on its way at the deadline
   * is completed (at most ttlMs / 5 for each endpoint). @default 2 * ttlMs, enough for a holder that has died
   */
  readonly timeoutMs?: number;
  /** Called when the wait begins, and whenever another client has become the holder. */
  readonly onWait?: (holder: ClusterHolder | null) => void;
}

/** @internal */
export interface AcquireRequest {
  readonly driver: Driver;
  readonly subject: ErrorSubject;
  readonly times: LeaseTimes;
  readonly owner: ClusterOwner;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** By the boot clock. */
  readonly deadlineMs: number;
  readonly onClaim: (claimId: string) => void;
  readonly onWait: (holder: ClusterHolder | null) => void;
}

export function readRequest(driver: Driver, name: string, options: AcquireClusterLockOptions): AcquireRequest {
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

/** No slash: in etcd, the keys of lock 'a/b' would lie among those of lock 'a'. */
export function checkName(name: unknown): string {
  if (typeof name !== 'string') throw invalidType('name', 'a string', name);
  if (!/^[\w.@:+-]{1,200}$/.test(name)) throw invalidValue('name', '1 to 200 letters, digits and . _ @ : + -', name);
  return name;
}

function checkTtl(ttlMs: unknown): number {
  if (typeof ttlMs !== 'number') throw invalidType('ttlMs', 'a number of milliseconds', ttlMs);
  if (!(ttlMs >= MIN_TTL_MS && ttlMs <= MAX_TTL_MS))
    throw outOfRange('ttlMs', `from ${MIN_TTL_MS} to ${MAX_TTL_MS} milliseconds`, ttlMs);
  // Whole seconds, as etcd counts them.
  return Math.ceil(ttlMs / 1000) * 1000;
}
