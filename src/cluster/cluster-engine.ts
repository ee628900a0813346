// An engine: a driver combined with the lease core.
import { acquireUntilDeadline, Refusal } from './acquire.js';
import { type AcquireClusterLockOptions, checkName, type TryAcquireClusterLockOptions } from './acquire-options.js';
import { boundedCall } from './bounded-call.js';
import { ClusterLockError, Unsuitable, unavailableError, unsuitableError } from './cluster-error.js';
import type { ClusterLock } from './cluster-lock.js';
import type { ClusterFinding, ClusterHolder, ClusterOwner, Driver } from './driver.js';
import { bootClockMs, DEFAULT_TTL_MS, leaseTimes } from './lease.js';

/**
 * Result of a probe. `unreachable` means that no server responded: the lock may be held or free.
 *
 * @example
 * const engine = etcdEngine({ endpoints: ['https://etcd.example:2379'] });
 * const probe: ClusterLockProbe = await probeClusterLock('billing', { engine });
 * if (probe.state === 'held') console.log(`held by ${probe.owner?.host}, token ${probe.token}`);
 */
export type ClusterLockProbe =
  | { readonly state: 'free' }
  | {
      readonly state: 'held';
      readonly owner: ClusterOwner | null;
      readonly token: bigint | null;
      readonly claimId: string;
    }
  | { readonly state: 'unreachable'; readonly error: Error };

const CALL_MS = leaseTimes(DEFAULT_TTL_MS).callMs;

/**
 * A cluster of servers that stores locks. Created by `etcdEngine()`, `postgresEngine()` and
 * `clusterEngine()`.
 *
 * Each lock uses a separate connection, which is opened when the lock is acquired.
 *
 * @example
 * const engine: ClusterEngine = clusterEngine('etcd://etcd.example:2379');
 * for (const { level, message } of await engine.inspect('billing')) console.log(level, message);
 */
export class ClusterEngine {
  readonly kind: 'etcd' | 'postgres';
  /** The addresses or the name of the servers, without credentials. */
  readonly target: string;
  readonly #driver: Driver;

  /** @internal */
  constructor(driver: Driver) {
    this.#driver = driver;
    this.kind = driver.kind;
    this.target = driver.target;
  }

  /** Same as {@link acquireClusterLock}, which documents the errors. */
  async acquire(name: string, options: AcquireClusterLockOptions = {}): Promise<ClusterLock> {
    const result = await acquireUntilDeadline(this.#driver, name, options);
    if (result instanceof Refusal) throw result.toError();
    return result;
  }

  /** Same as {@link tryAcquireClusterLock}, which documents the errors. */
  async tryAcquire(name: string, options: TryAcquireClusterLockOptions = {}): Promise<ClusterLock | null> {
    const result = await acquireUntilDeadline(this.#driver, name, { ...options, timeoutMs: 0 });
    return result instanceof Refusal ? null : result;
  }

  /** Same as {@link probeClusterLock}, which documents the errors. */
  async probe(name: string): Promise<ClusterLockProbe> {
    checkName(name);
    try {
      const holder = await this.#request(name, (signal) => this.#driver.holder(name, signal));
      return holder === null ? { state: 'free' } : { state: 'held', ...publicHolder(holder) };
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_CLUSTER_UNAVAILABLE') throw error;
      return { state: 'unreachable', error: error as Error };
    }
  }

  /**
   * Ends a claim at once. Use it only if the process is known to be dead, because a live process
   * keeps working until it notices the loss.
   *
   * @throws {LockError} ERR_CLUSTER_UNAVAILABLE
   * @throws {LockError} ERR_CLUSTER_UNSUITABLE
   * @throws {TypeError} ERR_INVALID_ARG_VALUE
   */
  async revoke(name: string, claimId: string): Promise<void> {
    await this.#request(checkName(name), (signal) => this.#driver.revoke(claimId, signal));
  }

  /**
   * Checks versions, quorum, rights, and whether the round trip time suits `ttlMs`. Does not change
   * anything. A server that does not respond is reported as a finding.
   */
  async inspect(name: string, ttlMs: number = DEFAULT_TTL_MS): Promise<readonly ClusterFinding[]> {
    const findings = await this.#check('servers', () =>
      this.#request(checkName(name), (signal) => this.#driver.inspect(name, signal)),
    );
    const roundTrip = await this.#check('round trip', async () => {
      const sentAtMs = bootClockMs();
      await this.#request(name, (signal) => this.#driver.holder(name, signal));
      return [roundTripFinding(bootClockMs() - sentAtMs, leaseTimes(ttlMs).callMs)];
    });
    return [...findings, ...roundTrip];
  }

  /** Runs a check. Returns a failure as a finding. */
  async #check(subject: string, run: () => Promise<readonly ClusterFinding[]>): Promise<readonly ClusterFinding[]> {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof ClusterLockError)) throw error;
      return [{ level: 'problem', subject, message: error.message }];
    }
  }

  /** Sends a request to one endpoint after another until a server responds. */
  async #request<T>(lockName: string, request: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await boundedCall(request, CALL_MS);
      } catch (cause) {
        const subject = { lockName, target: this.target, cause };
        if (cause instanceof Unsuitable) throw unsuitableError(subject);
        if (attempt >= this.#driver.endpoints) throw unavailableError(subject);
      }
    }
  }
}

function publicHolder({ owner, token, claimId }: ClusterHolder) {
  return { owner, token, claimId };
}

function roundTripFinding(tookMs: number, limitMs: number): ClusterFinding {
  const message = `${tookMs.toFixed(1)} ms for one request; limit ${limitMs} ms (ttl / 5)`;
  // Warns if a round trip takes longer than a third of the limit, because that leaves too little
  // time for a slow disk.
  const level = tookMs > limitMs / 3 ? (tookMs > limitMs ? 'problem' : 'warning') : 'ok';
  return { level, subject: 'round trip', message };
}
