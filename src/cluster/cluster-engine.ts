// An engine as its user sees it: a driver, with the lease core around each request.

import { acquireUntilDeadline, Refusal } from './acquire.js';
import { type AcquireClusterLockOptions, checkName, type TryAcquireClusterLockOptions } from './acquire-options.js';
import { boundedCall } from './bounded-call.js';
import { ClusterLockError, Unsuitable, unavailableError, unsuitableError } from './cluster-error.js';
import type { ClusterLock } from './cluster-lock.js';
import type { ClusterFinding, ClusterHolder, ClusterOwner, Driver } from './driver.js';
import { bootClockMs, DEFAULT_TTL_MS, leaseTimes } from './lease.js';

/** `unreachable` says nothing about the lock: it is neither free nor still held. */
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

/** Made by `etcdEngine()`, `postgresEngine()` and `clusterEngine()`. Opens a connection for each lock, and none before. */
export class ClusterEngine {
  readonly kind: 'etcd' | 'postgres';
  /** The servers, without credentials. */
  readonly target: string;
  readonly #driver: Driver;

  /** @internal */
  constructor(driver: Driver) {
    this.#driver = driver;
    this.kind = driver.kind;
    this.target = driver.target;
  }

  /** @see acquireClusterLock */
  async acquire(name: string, options: AcquireClusterLockOptions = {}): Promise<ClusterLock> {
    const result = await acquireUntilDeadline(this.#driver, name, options);
    if (result instanceof Refusal) throw result.toError();
    return result;
  }

  /** @see tryAcquireClusterLock */
  async tryAcquire(name: string, options: TryAcquireClusterLockOptions = {}): Promise<ClusterLock | null> {
    const result = await acquireUntilDeadline(this.#driver, name, { ...options, timeoutMs: 0 });
    return result instanceof Refusal ? null : result;
  }

  /** @see probeClusterLock */
  async probe(name: string): Promise<ClusterLockProbe> {
    checkName(name);
    try {
      const holder = await this.#ask(name, (signal) => this.#driver.holder(name, signal));
      return holder === null ? { state: 'free' } : { state: 'held', ...publicHolder(holder) };
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_CLUSTER_UNAVAILABLE') throw error;
      return { state: 'unreachable', error: error as Error };
    }
  }

  /**
   * Ends a claim at once. Only for a claim whose process is proven dead: a process that is alive keeps working until it
   * learns of it.
   *
   * @throws {LockError} `ERR_CLUSTER_UNAVAILABLE`
   */
  async revoke(name: string, claimId: string): Promise<void> {
    await this.#ask(checkName(name), (signal) => this.#driver.revoke(claimId, signal));
  }

  /** Checks versions, quorum, rights and the round trip. Changes nothing; what does not answer is a finding, too. */
  async inspect(name: string, ttlMs: number = DEFAULT_TTL_MS): Promise<readonly ClusterFinding[]> {
    const findings = await this.#find('servers', () =>
      this.#ask(checkName(name), (signal) => this.#driver.inspect(name, signal)),
    );
    const roundTrip = await this.#find('round trip', async () => {
      const sentAtMs = bootClockMs();
      await this.#ask(name, (signal) => this.#driver.holder(name, signal));
      return [roundTripFinding(bootClockMs() - sentAtMs, leaseTimes(ttlMs).callMs)];
    });
    return [...findings, ...roundTrip];
  }

  async #find(subject: string, look: () => Promise<readonly ClusterFinding[]>): Promise<readonly ClusterFinding[]> {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof ClusterLockError)) throw error;
      return [{ level: 'problem', subject, message: error.message }];
    }
  }

  /** One request to each endpoint, until one answers. */
  async #ask<T>(lockName: string, request: (signal: AbortSignal) => Promise<T>): Promise<T> {
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
  // Three requests have to fit into the limit, with room for a slow disk.
  const level = tookMs > limitMs / 3 ? (tookMs > limitMs ? 'problem' : 'warning') : 'ok';
  return { level, subject: 'round trip', message };
}
