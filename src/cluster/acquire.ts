// Acquires a cluster lock: makes one claim after another until one acquires the lock or the
// deadline has passed.
import { type AcquireClusterLockOptions, type AcquireRequest, readRequest } from './acquire-options.js';
import { boundedCall, sleep } from './bounded-call.js';
import { timeoutError, Unsuitable, unavailableError, unsuitableError } from './cluster-error.js';
import { ClusterLock } from './cluster-lock.js';
import {
  type AcquireResult,
  type Claim,
  ClaimGone,
  type ClusterHolder,
  type Driver,
  type WaitSlice,
} from './driver.js';
import { bootClockMs, Lease } from './lease.js';
import { extendLease } from './renewal.js';

/** Delay before the next request after one that failed at once, in milliseconds. */
const RETRY_MS = 200;

/** The result of an acquisition if another client still holds the lock at the deadline. */
export class Refusal {
  readonly holder: ClusterHolder | null;
  readonly #request: AcquireRequest;

  constructor(request: AcquireRequest, holder: ClusterHolder | null) {
    this.#request = request;
    this.holder = holder;
  }

  toError(): Error {
    return timeoutError({ ...this.#request.subject, holder: this.holder }, this.#request.timeoutMs);
  }
}

/**
 * Makes claims until one acquires the lock. Returns a {@link Refusal} if another client holds the
 * lock at the deadline.
 *
 * @throws {LockError} ERR_CLUSTER_UNAVAILABLE
 * @throws {LockError} ERR_CLUSTER_UNSUITABLE
 */
export async function acquireUntilDeadline(
  driver: Driver,
  name: string,
  options: AcquireClusterLockOptions,
): Promise<ClusterLock | Refusal> {
  const request = readRequest(driver, name, options);
  request.signal?.throwIfAborted();
  for (;;) {
    const attempt = new Attempt(request);
    try {
      return await attempt.run();
    } catch (error) {
      attempt.abandon();
      request.signal?.throwIfAborted();
      if (error instanceof Unsuitable) throw unsuitableError({ ...request.subject, cause: error });
      if (!(error instanceof AttemptFailed)) throw error;
      if (waitLeft(request) === 0) throw unavailableError({ ...request.subject, cause: error.cause });
    }
  }
}

/** Thrown if the servers did not respond or have lost the claim. A new claim may succeed. */
class AttemptFailed extends Error {}

/** One claim, from its first request until it acquires the lock or is withdrawn. */
class Attempt {
  readonly #request: AcquireRequest;
  readonly #claim: Claim;
  readonly #lease: Lease;
  #holderId: string | null | undefined;

  constructor(request: AcquireRequest) {
    const { driver, subject, times, owner } = request;
    this.#request = request;
    this.#claim = driver.claim({ name: subject.lockName, ttlMs: times.ttlMs, owner });
    this.#lease = new Lease(times);
  }

  async run(): Promise<ClusterLock | Refusal> {
    this.#request.onClaim(this.#claim.id);
    const openedAtMs = await this.#open();
    const result = await this.#wait();
    if (result instanceof Refusal) {
      await this.#withdraw();
      return result;
    }
    await this.#waitForLockDelay(openedAtMs + result.lockDelayMs);
    const { owner, subject } = this.#request;
    return new ClusterLock({ claim: this.#claim, lease: this.#lease, token: result.token, owner, subject });
  }

  /** Withdraws the claim in the background. */
  abandon(): void {
    void this.#withdraw();
  }

  async #withdraw(): Promise<void> {
    try {
      // A claim that was never granted is not in the queue.
      if (this.#lease.held) await boundedCall((signal) => this.#claim.release(signal), this.#request.times.callMs);
    } catch {
      // If the release fails, the claim ends by itself after its time to live.
    } finally {
      this.#claim.destroy();
    }
  }

  /**
   * Opens the claim.
   *
   * @returns the time at which the request was sent, in milliseconds on the boot clock
   */
  async #open(): Promise<number> {
    let sentAtMs = 0;
    const grantedMs = await this.#retry((signal) => {
      sentAtMs = this.#lease.now();
      return this.#claim.open(signal);
    });
    this.#lease.extend(sentAtMs, grantedMs);
    return sentAtMs;
  }

  /** Waits for the lock in time slices, and extends the lease after each slice. */
  async #wait(): Promise<Exclude<AcquireResult, { token: null }> | Refusal> {
    // The first slice is 0 ms long, so that onWait is called at once.
    for (let waitMs = 0; ; waitMs = Math.floor(Math.min(this.#request.times.renewMs, waitLeft(this.#request)))) {
      const result = await this.#acquire(waitMs);
      if (result.token !== null) return result;
      this.#reportWait(result.holder);
      if (waitLeft(this.#request) === 0) return new Refusal(this.#request, result.holder);
      await this.#extend();
    }
  }

  async #acquire(waitMs: number): Promise<AcquireResult> {
    const end = new AbortController();
    const timer = setTimeout(() => end.abort(), waitMs);
    const slice: WaitSlice = { waitMs, end: end.signal };
    try {
      return await this.#retry((signal) => this.#claim.acquire(signal, slice), waitMs + this.#request.times.callMs);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Gives a predecessor that the server has forgotten enough time to notice that it has lost the
   * lock.
   */
  async #waitForLockDelay(untilMs: number): Promise<void> {
    for (let leftMs = untilMs - this.#lease.now(); leftMs > 0; leftMs = untilMs - this.#lease.now()) {
      await sleep(Math.min(leftMs, this.#request.times.renewMs), this.#request.signal);
      await this.#extend();
    }
    if (!this.#lease.held) throw new AttemptFailed('', { cause: new Error('the lease expired during the lock delay') });
  }

  async #extend(): Promise<void> {
    await this.#retry((signal) => extendLease(this.#lease, this.#claim, signal));
  }

  /**
   * Retries a request on one endpoint after another until it succeeds, the claim has ended, or the
   * deadline has passed.
   */
  async #retry<T>(step: (signal: AbortSignal) => Promise<T>, limitMs = this.#request.times.callMs): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await boundedCall(step, limitMs, this.#request.signal);
      } catch (error) {
        if (error instanceof Unsuitable || this.#request.signal?.aborted) throw error;
        const over = waitLeft(this.#request) === 0 && failures >= this.#request.driver.endpoints;
        if (over || error instanceof ClaimGone || this.#lease.ended !== null)
          throw new AttemptFailed('', { cause: error });
        await sleep(RETRY_MS, this.#request.signal);
      }
    }
  }

  /** Calls `onWait` if the holder has changed since the last call. */
  #reportWait(holder: ClusterHolder | null): void {
    const id = holder?.claimId ?? null;
    if (id === this.#holderId || waitLeft(this.#request) === 0) return;
    this.#holderId = id;
    this.#request.onWait(holder);
  }
}

function waitLeft(request: AcquireRequest): number {
  return Math.max(0, request.deadlineMs - bootClockMs());
}
