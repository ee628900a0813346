// A claim on etcd: a lease, and one key that belongs to the lease. The keys and their order are the
// same as in concurrency.Mutex (etcd client/v3/concurrency/mutex.go), so that `etcdctl lock` and
// this package exclude each other.
//
// The claim with the oldest key is the holder. A waiter watches the key created just before its
// own.
import { loadCrypto } from '../../../native/builtins.js';
import {
  type AcquireResult,
  type Claim,
  ClaimGone,
  type ClaimRequest,
  type ClusterHolder,
  type WaitSlice,
} from '../../driver.js';
import { parseOwner } from '../../owner.js';
import type { EtcdClient } from './client.js';
import { getRequest, type KeyValue, queueRequest } from './messages.js';

export class EtcdClaim implements Claim {
  readonly id: string;
  readonly #client: EtcdClient;
  readonly #request: ClaimRequest;
  readonly #prefix: string;
  readonly #key: string;
  readonly #leaseId: bigint;
  readonly #closed = new AbortController();
  /** Create revision of the claim's key. Null until the key exists. */
  #createRevision: bigint | null = null;
  #onGone: ((cause: unknown) => void) | null = null;
  #watching = false;

  /** @param prefix ends with the slash that follows the name of the lock */
  constructor(client: EtcdClient, prefix: string, request: ClaimRequest) {
    this.#client = client;
    this.#request = request;
    this.#prefix = prefix;
    this.#leaseId = randomLeaseId();
    this.id = this.#leaseId.toString(16);
    this.#key = prefix + this.id;
  }

  async open(signal: AbortSignal): Promise<number> {
    return (await this.#client.grant(this.#leaseId, this.#request.ttlMs / 1000, signal)) * 1000;
  }

  async acquire(signal: AbortSignal, slice: WaitSlice): Promise<AcquireResult> {
    const first = this.#createRevision === null ? await this.#join(signal) : null;
    const createRevision = this.#createRevision!;
    if (first?.createRevision === createRevision) return { token: createRevision, lockDelayMs: 0 };
    const predecessor = await this.#waitForPredecessors(createRevision, signal, slice);
    if (predecessor !== null) return { token: null, holder: await this.#holder(first, signal) };
    // If the lease ended during the wait, etcd has deleted the key (etcd issue 11456).
    await this.#checkOwnKey(createRevision, signal);
    return { token: createRevision, lockDelayMs: 0 };
  }

  /**
   * A former leader that has not yet noticed the election still responds to keep-alives. A renewal
   * is therefore valid only together with a linearizable read in the same raft term, which also
   * shows that the claim's key exists.
   */
  async renew(signal: AbortSignal): Promise<number> {
    const { ttlSeconds, raftTerm } = await this.#client.keepAlive(this.#leaseId, signal);
    if (this.#createRevision === null) return ttlSeconds * 1000;
    const read = await this.#checkOwnKey(this.#createRevision, signal);
    if (read.raftTerm !== raftTerm) throw new Error('the leader changed during the renewal');
    this.#watchOwnKey(read.revision + 1n);
    return ttlSeconds * 1000;
  }

  watch(onGone: (cause: unknown) => void): void {
    this.#onGone = onGone;
    this.#client.unref();
    this.#watchOwnKey(this.#createRevision! + 1n);
  }

  /** Revokes the lease, which also deletes the key. */
  async release(signal: AbortSignal): Promise<void> {
    this.#onGone = null;
    await this.#client.revoke(this.#leaseId, signal);
  }

  destroy(): void {
    this.#onGone = null;
    this.#closed.abort(new Error('the claim is closed'));
    this.#client.destroy();
  }

  /** Creates the key. Returns the first key of the queue. */
  async #join(signal: AbortSignal): Promise<KeyValue> {
    const owner = JSON.stringify(this.#request.owner);
    try {
      const joined = await this.#client.join(this.#key, owner, this.#leaseId, this.#prefix, signal);
      this.#createRevision = joined.createRevision;
      return joined.first;
    } catch (error) {
      throw /lease not found/.test((error as Error).message) ? new ClaimGone('the lease does not exist') : error;
    }
  }

  /**
   * Waits until no older key is left, then returns null. If the slice ends first, returns an older
   * key.
   */
  async #waitForPredecessors(createRevision: bigint, signal: AbortSignal, slice: WaitSlice): Promise<KeyValue | null> {
    for (;;) {
      const { kvs, revision } = await this.#client.range(queueRequest(this.#prefix, createRevision - 1n), signal);
      const predecessor = kvs[0] ?? null;
      if (predecessor === null || slice.end.aborted || slice.waitMs === 0) return predecessor;
      await this.#waitForDeletion(predecessor.key, revision + 1n, signal, slice);
    }
  }

  /** Waits until the key is deleted or the slice ends. */
  async #waitForDeletion(key: string, startRevision: bigint, signal: AbortSignal, slice: WaitSlice): Promise<void> {
    const stop = new AbortController();
    const end = () => stop.abort(slice.end.reason);
    const abort = () => stop.abort(signal.reason);
    slice.end.addEventListener('abort', end);
    signal.addEventListener('abort', abort);
    try {
      await this.#client.watchDeleted(key, startRevision, stop.signal);
    } catch (error) {
      if (!slice.end.aborted) throw error;
    } finally {
      slice.end.removeEventListener('abort', end);
      signal.removeEventListener('abort', abort);
    }
  }

  async #holder(first: KeyValue | null, signal: AbortSignal): Promise<ClusterHolder | null> {
    return holderOf(first ?? (await this.#client.range(queueRequest(this.#prefix), signal)).kvs[0]);
  }

  /**
   * Reads the claim's key.
   *
   * @throws {ClaimGone} if the key was deleted or replaced
   */
  async #checkOwnKey(createRevision: bigint, signal: AbortSignal) {
    const read = await this.#client.range(getRequest(this.#key), signal);
    if (read.kvs[0]?.createRevision !== createRevision) throw new ClaimGone(`key ${this.#key} was deleted`);
    return read;
  }

  /**
   * Watches the claim's key, one watch at a time. If a watch fails, the next renewal starts a new
   * one.
   */
  #watchOwnKey(startRevision: bigint): void {
    if (this.#onGone === null || this.#watching) return;
    this.#watching = true;
    this.#client.watchDeleted(this.#key, startRevision, this.#closed.signal).then(
      () => this.#onGone?.(new ClaimGone(`key ${this.#key} was deleted`)),
      () => {
        this.#watching = false;
      },
    );
  }
}

/** Returns the holder that a key describes. */
export function holderOf(kv: KeyValue | undefined): ClusterHolder | null {
  if (kv === undefined) return null;
  const claimId = kv.key.slice(kv.key.lastIndexOf('/') + 1);
  return { claimId, owner: parseOwner(kv.value), token: kv.createRevision };
}

/** Returns a positive id, like etcd's own ids. Never 0, which would make etcd choose the id. */
function randomLeaseId(): bigint {
  const bytes = loadCrypto().randomBytes(8);
  return (bytes.readBigUInt64BE() >> 1n) | 1n;
}
