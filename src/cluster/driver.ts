// The interface of an engine's driver. A driver knows its server and no time: the lease core measures and bounds every request.

/** The client that the server regards as the holder. */
export interface ClusterHolder {
  /** Names the claim on the server: the lease in hexadecimal (etcd), a random id (PostgreSQL). */
  readonly claimId: string;
  /** The holder's description of itself; null for another program's lock, such as `etcdctl lock`. */
  readonly owner: ClusterOwner | null;
  /** Null if the server does not tell. */
  readonly token: bigint | null;
}

/** A holder's description of itself. A hint for people: it never decides who may acquire. */
export interface ClusterOwner {
  readonly host: string;
  readonly pid: number;
  /** ISO 8601, the holder's clock. */
  readonly createdAt: string;
  readonly [field: string]: unknown;
}

export interface ClaimRequest {
  readonly name: string;
  readonly ttlMs: number;
  readonly owner: ClusterOwner;
}

/** The time that {@link Claim.enter} may wait for the lock. */
export interface Turn {
  /** Whole milliseconds; 0 does not wait. */
  readonly waitMs: number;
  /** Aborts after `waitMs`. */
  readonly over: AbortSignal;
}

/**
 * The lock is ours, with this token; or it is not, and `holder` has it (null if unknown). `settleMs`: a predecessor whose
 * connection the server lost may believe in its lock for so long after {@link Claim.begin} was called.
 */
export type Entry =
  | { readonly token: bigint; readonly settleMs: number }
  | { readonly token: null; readonly holder: ClusterHolder | null };

/**
 * One attempt to become the holder, with an identity of its own. Each method rejects with `signal.reason` when `signal` aborts,
 * with {@link ClaimGone} when the server says that the claim no longer exists, and otherwise with an error after which the
 * same method may be called again: the next call uses the next endpoint.
 */
export interface Claim {
  /** Known before anything is sent, so that a successor can revoke a claim whose holder died at any moment. */
  readonly id: string;
  /** Makes the claim known to the server; resolves with the time to live that the server grants, in milliseconds. */
  begin(signal: AbortSignal): Promise<number>;
  /** Joins the queue on its first call. */
  enter(signal: AbortSignal, turn: Turn): Promise<Entry>;
  /**
   * Extends the claim, and confirms with the majority that it still exists; resolves with the time to live granted from the
   * moment of sending on.
   */
  renew(signal: AbortSignal): Promise<number>;
  /** From now on the connections do not keep the process alive, and `gone` is called when the server reports the end. */
  hold(gone: (cause: unknown) => void): void;
  /** Gives the lock back, or leaves the queue. */
  release(signal: AbortSignal): Promise<void>;
  /** Closes every connection without waiting. Idempotent. */
  destroy(): void;
}

/** One fact about a server, for `status` and `doctor`. */
export interface ClusterFinding {
  readonly level: 'ok' | 'warning' | 'problem';
  readonly subject: string;
  readonly message: string;
}

export interface Driver {
  readonly kind: 'etcd' | 'postgres';
  /** The servers, without credentials. */
  readonly target: string;
  /** The number of servers that a request can be sent to. */
  readonly endpoints: number;
  claim(request: ClaimRequest): Claim;
  /** Null if the lock is free. */
  holder(name: string, signal: AbortSignal): Promise<ClusterHolder | null>;
  /** Ends the claim of a process that is proven dead. Resolves also if the claim does not exist. */
  revoke(claimId: string, signal: AbortSignal): Promise<void>;
  inspect(name: string, signal: AbortSignal): Promise<readonly ClusterFinding[]>;
}

/** The server says that this claim does not exist (any more). */
export class ClaimGone extends Error {
  override readonly name = 'ClaimGone';
}
