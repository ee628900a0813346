// The messages of etcd's API that a lock needs. The field numbers come from
// api/etcdserverpb/rpc.proto and api/mvccpb/kv.proto in etcd 3.6, and are the same in etcd 3.4.
import { encode, Message } from './protobuf.js';

export const METHODS = {
  range: '/etcdserverpb.KV/Range',
  txn: '/etcdserverpb.KV/Txn',
  grant: '/etcdserverpb.Lease/LeaseGrant',
  revoke: '/etcdserverpb.Lease/LeaseRevoke',
  keepAlive: '/etcdserverpb.Lease/LeaseKeepAlive',
  watch: '/etcdserverpb.Watch/Watch',
  status: '/etcdserverpb.Maintenance/Status',
  authenticate: '/etcdserverpb.Auth/Authenticate',
} as const;

const [ASCEND, DESCEND] = [1, 2];
const BY_CREATE = 2;
const COMPARE_CREATE = 1;
const NO_PUT = 0;
const DELETED = 1n;

export interface KeyValue {
  readonly key: string;
  readonly createRevision: bigint;
  readonly value: string;
}

export interface RangeResult {
  readonly revision: bigint;
  readonly raftTerm: bigint;
  readonly kvs: readonly KeyValue[];
}

export function grantRequest(leaseId: bigint, ttlSeconds: number): Buffer {
  return encode([
    [1, ttlSeconds],
    [2, leaseId],
  ]);
}

/** Returns the granted time to live, in seconds. */
export function grantedTtl(bytes: Buffer): number {
  return Number(new Message(bytes).int(3));
}

/** Encodes LeaseKeepAlive and LeaseRevoke. */
export function leaseRequest(leaseId: bigint): Buffer {
  return encode([[1, leaseId]]);
}

/** Decodes the response to a keep-alive. `ttlSeconds` is 0 if the lease does not exist. */
export function readKeepAlive(bytes: Buffer): { readonly ttlSeconds: number; readonly raftTerm: bigint } {
  const message = new Message(bytes);
  return { ttlSeconds: Number(message.int(3)), raftTerm: message.message(1).uint(4) };
}

export function getRequest(key: string): Buffer {
  return encode([[1, key]]);
}

/**
 * Encodes a request for the oldest key with this prefix or, with `maxCreateRevision`, the newest
 * key up to that revision.
 */
export function queueRequest(prefix: string, maxCreateRevision?: bigint): Buffer {
  const order = maxCreateRevision === undefined ? ASCEND : DESCEND;
  return encode([
    [1, prefix],
    [2, endOfPrefix(prefix)],
    [3, 1],
    [5, order!],
    [6, BY_CREATE],
    ...(maxCreateRevision === undefined ? [] : [[13, maxCreateRevision] as const]),
  ]);
}

/**
 * Returns the end of the range. Each prefix ends with a slash, and the character after a slash is
 * '0'.
 */
function endOfPrefix(prefix: string): string {
  return `${prefix.slice(0, -1)}0`;
}

export function readRange(bytes: Buffer): RangeResult {
  return rangeOf(new Message(bytes));
}

function rangeOf(message: Message): RangeResult {
  const header = message.message(1);
  const kvs = message.messages(2).map((kv) => ({ key: kv.text(1), createRevision: kv.int(2), value: kv.text(5) }));
  return { revision: header.int(3), raftTerm: header.uint(4), kvs };
}

/**
 * Encodes a request that creates `key` if it does not exist and also reads the oldest key of the
 * queue, as in `concurrency.Mutex`.
 */
export function joinRequest(key: string, value: string, leaseId: bigint, prefix: string): Buffer {
  const isAbsent = encode([
    [2, COMPARE_CREATE],
    [3, key],
    [5, 0],
  ]);
  const put = encode([
    [1, key],
    [2, value],
    [3, leaseId],
  ]);
  const first = encode([[1, queueRequest(prefix)]]);
  return encode([
    [1, isAbsent],
    [2, encode([[2, put]])],
    [2, first],
    [3, encode([[1, getRequest(key)]])],
    [3, first],
  ]);
}

export interface JoinResult {
  /** Create revision of the claim's own key. */
  readonly createRevision: bigint;
  readonly first: KeyValue;
}

export function readJoin(bytes: Buffer): JoinResult {
  const message = new Message(bytes);
  const [own, queue] = message.messages(3);
  const created = message.int(2) === 1n;
  const createRevision = created ? message.message(1).int(3) : rangeOf(own!.message(1)).kvs[0]!.createRevision;
  return { createRevision, first: rangeOf(queue!.message(1)).kvs[0]! };
}

/** Encodes a request for a watch that reports only deletions. */
export function watchRequest(key: string, startRevision: bigint): Buffer {
  const create = encode([
    [1, key],
    [3, startRevision],
    [5, NO_PUT],
  ]);
  return encode([[1, create]]);
}

export interface WatchResult {
  readonly deleted: boolean;
  /** Why the server ended the watch; null if the watch continues. */
  readonly canceled: string | null;
}

export function readWatch(bytes: Buffer): WatchResult {
  const message = new Message(bytes);
  const canceled = message.int(4) === 1n ? message.text(6) || 'the watch was cancelled' : null;
  return { deleted: message.messages(11).some((event) => event.int(1) === DELETED), canceled };
}

export function readStatus(bytes: Buffer): { readonly version: string; readonly leader: bigint } {
  const message = new Message(bytes);
  return { version: message.text(2), leader: message.uint(4) };
}

export function authenticateRequest(user: string, password: string): Buffer {
  return encode([
    [1, user],
    [2, password],
  ]);
}

export function readToken(bytes: Buffer): string {
  return new Message(bytes).text(2);
}
