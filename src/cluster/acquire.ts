// Acquiring a cluster lock: one claim after another, until one of them holds or the deadline has passed.
import { type AcquireClusterLockOptions, type AcquireRequest, readRequest } from './acquire-options.js';
import { boundedCall, sleep } from './bounded-call.js';
import { timeoutError, Unsuitable, unavailableError, unsuitableError } from './cluster-error.js';
import { ClusterLock } from './cluster-lock.js';
import { type Claim, ClaimGone, type ClusterHolder, type Driver, type Entry, type Turn } from './driver.js';
import { bootClockMs, Lease } from './lease.js';
import { extendLease } from './renewal.js';

/** Between two requests that failed at once, in milliseconds. */
const RETRY_MS = 200;

/** Another client holds the lock, and the deadline has passed. */
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

/** @throws {LockError} `ERR_CLUSTER_UNAVAILABLE`, `ERR_CLUSTER_UNSUITABLE` */
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

/** The servers do not answer, or have lost the claim. A new claim may succeed. */
class AttemptFailed extends Error {}

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
    const begunAtMs = await this.#begin();
    const entry = await this.#queue();
    if (entry instanceof Refusal) {
      await this.#withdraw();
      return entry;
    }
    await this.#settle(begunAtMs + entry.settleMs);
    const { owner, subject } = this.#request;
    return new ClusterLock({ claim: this.#claim, lease: this.#lease, token: entry.token, owner, subject });
  }

  /** Leaves the queue in the background. */
  abandon(): void {
    void this.#withdraw();
  }

  async #withdraw(): Promise<void> {
    try {
      // A claim that was never granted has no place in the queue.
      if (this.#lease.held) await boundedCall((signal) => this.#claim.release(signal), this.#request.times.callMs);
    } catch {
      // The claim ends by itself when its time to live is over.
    } finally {
      this.#claim.destroy();
    }
  }

  /** @returns when the claim began, by the boot clock */
  async #begin(): Promise<number> {
    let sentAtMs = 0;
    const grantedMs = await this.#persist((signal) => {
      sentAtMs = this.#lease.now();
      return this.#claim.begin(signal);
    });
    this.#lease.extend(sentAtMs, grantedMs);
    return sentAtMs;
  }

  /** Waits in slices, and extends the lease after each of them. */
  async #queue(): Promise<Exclude<Entry, { token: null }> | Refusal> {
    // The first look does not wait, so that onWait is called at once.
    for (let waitMs = 0; ; waitMs = Math.floor(Math.min(this.#request.times.renewMs, waitLeft(this.#request)))) {
      const entry = await this.#enter(waitMs);
      if (entry.token !== null) return entry;
      this.#tellWait(entry.holder);
      if (waitLeft(this.#request) === 0) return new Refusal(this.#request, entry.holder);
      await this.#extend();
    }
  }

  async #enter(waitMs: number): Promise<Entry> {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), waitMs);
    const turn: Turn = { waitMs, over: over.signal };
    try {
      return await this.#persist((signal) => this.#claim.enter(signal, turn), waitMs + this.#request.times.callMs);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A predecessor that was cut off without a word believes in its lock until then. */
  async #settle(untilMs: number): Promise<void> {
    for (let leftMs = untilMs - this.#lease.now(); leftMs > 0; leftMs = untilMs - this.#lease.now()) {
      await sleep(Math.min(leftMs, this.#request.times.renewMs), this.#request.signal);
      await this.#extend();
    }
    if (!this.#lease.held) throw new AttemptFailed('', { cause: new Error('the lease ran out before it was ours') });
  }

  async #extend(): Promise<void> {
    await this.#persist((signal) => extendLease(this.#lease, this.#claim, signal));
  }

  /** Repeats a request, on one endpoint after another, as long as the claim lives and there is time. */
  async #persist<T>(step: (signal: AbortSignal) => Promise<T>, limitMs = this.#request.times.callMs): Promise<T> {
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

  #tellWait(holder: ClusterHolder | null): void {
    const id = holder?.claimId ?? null;
    if (id === this.#holderId || waitLeft(this.#request) === 0) return;
    this.#holderId = id;
    this.#request.onWait(holder);
  }
}

function waitLeft(request: AcquireRequest): number {
  return Math.max(0, request.deadlineMs - bootClockMs());
}
