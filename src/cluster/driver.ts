// The interface of an engine's driver. A driver talks to its server and never reads a clock,
// because the lease core measures each request and limits its time.

/** The client that holds the lock, as the server reports it. */
export interface ClusterHolder {
  /**
   * Id of the claim on the server: the lease id in hexadecimal (etcd), or a random id (PostgreSQL).
   */
  readonly claimId: string;
  /**
   * Owner record of the holder. Null if another program holds the lock, for example `etcdctl lock`.
   */
  readonly owner: ClusterOwner | null;
  /** Fencing token of the holder. Null if the server does not report a token. */
  readonly token: bigint | null;
}

/**
 * The owner record that the holder has written. The record is for display only, and never
 * determines which client may acquire the lock.
 */
export interface ClusterOwner {
  readonly host: string;
  readonly pid: number;
  /** Time at which the record was created, in ISO 8601, according to the holder's wall clock. */
  readonly createdAt: string;
  readonly [field: string]: unknown;
}

export interface ClaimRequest {
  readonly name: string;
  readonly ttlMs: number;
  readonly owner: ClusterOwner;
}

/** The time that one call of {@link Claim.acquire} may wait for the lock. */
export interface WaitSlice {
  /** Length of the slice in whole milliseconds; 0 means not to wait. */
  readonly waitMs: number;
  /** A signal that aborts after `waitMs` milliseconds. */
  readonly end: AbortSignal;
}

/**
 * Result of {@link Claim.acquire}. If `token` is not null, this claim holds the lock on the server.
 * If `token` is null, `holder` is the client that holds the lock, or null if that client is
 * unknown.
 *
 * The server may have forgotten a predecessor that still believes that it holds the lock. The
 * forgotten predecessor gives up the lock at most `lockDelayMs` milliseconds after {@link
 * Claim.open} was called. This claim must not use the lock before the lock delay is over.
 */
export type AcquireResult =
  | { readonly token: bigint; readonly lockDelayMs: number }
  | { readonly token: null; readonly holder: ClusterHolder | null };

/**
 * A claim is one attempt to become the holder, with a unique id. Each method rejects with
 * `signal.reason` if `signal` aborts, and with {@link ClaimGone} if the server reports that the
 * claim no longer exists. After any other error the same method may be called again, and then uses
 * the next endpoint.
 */
export interface Claim {
  /**
   * The id of the claim, which is chosen before the first request. A successor can therefore revoke
   * the claim no matter when this process died.
   */
  readonly id: string;
  /**
   * Registers the claim with the server. Resolves with the time to live that the server grants, in
   * milliseconds.
   */
  open(signal: AbortSignal): Promise<number>;
  /**
   * Attempts to acquire the lock, and waits for at most the length of `slice`. The first call joins
   * the queue.
   */
  acquire(signal: AbortSignal, slice: WaitSlice): Promise<AcquireResult>;
  /**
   * Extends the claim, and confirms with a majority of the servers that the claim still exists.
   * Resolves with the time to live, in milliseconds from the moment at which the request was sent.
   */
  renew(signal: AbortSignal): Promise<number>;
  /**
   * Calls `onGone` when the server reports that the claim has ended. From this call on, the
   * connections do not keep the process alive.
   */
  watch(onGone: (cause: unknown) => void): void;
  /** Releases the lock, or leaves the queue. */
  release(signal: AbortSignal): Promise<void>;
  /** Closes every connection without waiting. The method may be called more than once. */
  destroy(): void;
}

/** One finding about the servers, for `status` and `doctor`. */
export interface ClusterFinding {
  readonly level: 'ok' | 'warning' | 'problem';
  readonly subject: string;
  readonly message: string;
}

export interface Driver {
  readonly kind: 'etcd' | 'postgres';
  /** The addresses or the name of the servers, without credentials. */
  readonly target: string;
  /** Number of servers that a request can be sent to. */
  readonly endpoints: number;
  claim(request: ClaimRequest): Claim;
  /** Returns null if the lock is free. */
  holder(name: string, signal: AbortSignal): Promise<ClusterHolder | null>;
  /**
   * Ends the claim of a process that has been proven dead. Also resolves if the claim does not
   * exist.
   */
  revoke(claimId: string, signal: AbortSignal): Promise<void>;
  /** Checks the servers without changing anything. */
  inspect(name: string, signal: AbortSignal): Promise<readonly ClusterFinding[]>;
}

/** Thrown if the server reports that the claim does not exist or has ended. */
export class ClaimGone extends Error {
  override readonly name = 'ClaimGone';
}
