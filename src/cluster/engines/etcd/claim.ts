// A claim on etcd: a lease, and one key per claim, with the keys and the order of concurrency.Mutex (etcd
// client/v3/concurrency/mutex.go). `etcdctl lock` and this package therefore exclude each other.
//
// The holder is the claim whose key was created first. A waiter watches the key that was created just before its own.
import { loadCrypto } from '../../../native/builtins.js';
import { type Claim, ClaimGone, type ClaimRequest, type ClusterHolder, type Entry, type Turn } from '../../driver.js';
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
  /** The create revision of the own key; null while there is none. */
  #createRevision: bigint | null = null;
  #gone: ((cause: unknown) => void) | null = null;
  #watching = false;

  /** `prefix` ends with the slash that follows the name of the lock. */
  constructor(client: EtcdClient, prefix: string, request: ClaimRequest) {
    this.#client = client;
    this.#request = request;
    this.#prefix = prefix;
    this.#leaseId = randomLeaseId();
    this.id = this.#leaseId.toString(16);
    this.#key = prefix + this.id;
  }

  async begin(signal: AbortSignal): Promise<number> {
    return (await this.#client.grant(this.#leaseId, this.#request.ttlMs / 1000, signal)) * 1000;
  }

  async enter(signal: AbortSignal, turn: Turn): Promise<Entry> {
    const first = this.#createRevision === null ? await this.#join(signal) : null;
    const createRevision = this.#createRevision!;
    if (first?.createRevision === createRevision) return { token: createRevision, settleMs: 0 };
    const predecessor = await this.#waitForPredecessors(createRevision, signal, turn);
    if (predecessor !== null) return { token: null, holder: await this.#holder(first, signal) };
    // The own key may have gone with its lease while this claim waited (etcd issue 11456).
    await this.#checkOwnKey(createRevision, signal);
    return { token: createRevision, settleMs: 0 };
  }

  /**
   * The answer to a keep-alive may come from a leader that is deposed and does not know it yet. It counts only together with
   * a linearizable read in the same raft term, which also shows that the own key is in place.
   */
  async renew(signal: AbortSignal): Promise<number> {
    const { ttlSeconds, raftTerm } = await this.#client.keepAlive(this.#leaseId, signal);
    if (this.#createRevision === null) return ttlSeconds * 1000;
    const read = await this.#checkOwnKey(this.#createRevision, signal);
    if (read.raftTerm !== raftTerm) throw new Error('the leader has changed during the renewal');
    this.#watchOwnKey(read.revision + 1n);
    return ttlSeconds * 1000;
  }

  hold(gone: (cause: unknown) => void): void {
    this.#gone = gone;
    this.#client.unref();
    this.#watchOwnKey(this.#createRevision! + 1n);
  }

  /** The key is deleted with its lease. */
  async release(signal: AbortSignal): Promise<void> {
    this.#gone = null;
    await this.#client.revoke(this.#leaseId, signal);
  }

  destroy(): void {
    this.#gone = null;
    this.#closed.abort(new Error('the claim is closed'));
    this.#client.destroy();
  }

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

  /** Returns null if no older key is left, and an older key otherwise. */
  async #waitForPredecessors(createRevision: bigint, signal: AbortSignal, turn: Turn): Promise<KeyValue | null> {
    for (;;) {
      const { kvs, revision } = await this.#client.range(queueRequest(this.#prefix, createRevision - 1n), signal);
      const predecessor = kvs[0] ?? null;
      if (predecessor === null || turn.over.aborted || turn.waitMs === 0) return predecessor;
      await this.#deletion(predecessor.key, revision + 1n, signal, turn);
    }
  }

  /** Returns when the turn is over, too. */
  async #deletion(key: string, startRevision: bigint, signal: AbortSignal, turn: Turn): Promise<void> {
    const stop = new AbortController();
    const over = () => stop.abort(turn.over.reason);
    const abort = () => stop.abort(signal.reason);
    turn.over.addEventListener('abort', over);
    signal.addEventListener('abort', abort);
    try {
      await this.#client.watchDeleted(key, startRevision, stop.signal);
    } catch (error) {
      if (!turn.over.aborted) throw error;
    } finally {
      turn.over.removeEventListener('abort', over);
      signal.removeEventListener('abort', abort);
    }
  }

  async #holder(first: KeyValue | null, signal: AbortSignal): Promise<ClusterHolder | null> {
    return holderOf(first ?? (await this.#client.range(queueRequest(this.#prefix), signal)).kvs[0]);
  }

  /** @throws {ClaimGone} if the own key was deleted or replaced */
  async #checkOwnKey(createRevision: bigint, signal: AbortSignal) {
    const read = await this.#client.range(getRequest(this.#key), signal);
    if (read.kvs[0]?.createRevision !== createRevision) throw new ClaimGone(`key ${this.#key} was deleted`);
    return read;
  }

  /** One watch at a time. A watch that fails begins again with the next renewal. */
  #watchOwnKey(startRevision: bigint): void {
    if (this.#gone === null || this.#watching) return;
    this.#watching = true;
    this.#client.watchDeleted(this.#key, startRevision, this.#closed.signal).then(
      () => this.#gone?.(new ClaimGone(`key ${this.#key} was deleted`)),
      () => {
        this.#watching = false;
      },
    );
  }
}

export function holderOf(kv: KeyValue | undefined): ClusterHolder | null {
  if (kv === undefined) return null;
  const claimId = kv.key.slice(kv.key.lastIndexOf('/') + 1);
  return { claimId, owner: parseOwner(kv.value), token: kv.createRevision };
}

/** Positive, as etcd's own ids are, and never 0, which asks etcd to choose. */
function randomLeaseId(): bigint {
  const bytes = loadCrypto().randomBytes(8);
  return (bytes.readBigUInt64BE() >> 1n) | 1n;
}
