// The interface of an engine's driver. A driver talks to its server but never reads a clock: the
// lease core measures each request and limits its time.

/**
 * The client that holds the lock, as the server reports it.
 *
 * @example
 * const onWait = (holder: ClusterHolder | null) => console.log(`held by ${holder?.owner?.host ?? 'an unknown client'}`);
 * const engine = etcdEngine({ endpoints: ['https://etcd.example:2379'] });
 * await acquireClusterLock('billing', { engine, onWait });
 */
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
 * The owner record that the holder has written. It is for display only and never decides which
 * client acquires the lock.
 *
 * @example
 * const engine = etcdEngine({ endpoints: ['https://etcd.example:2379'] });
 * const owner: ClusterOwner = (await acquireClusterLock('billing', { engine })).owner;
 * console.log(owner.host, owner.pid);
 */
export interface ClusterOwner {
  readonly host: string;
  readonly pid: number;
  /** When the record was created: ISO 8601, by the holder's wall clock. */
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
  /** Length of the slice in whole milliseconds; 0 means do not wait. */
  readonly waitMs: number;
  /** A signal that aborts after `waitMs` milliseconds. */
  readonly end: AbortSignal;
}

/**
 * Result of {@link Claim.acquire}. If `token` is not null, this claim holds the lock on the server.
 * Otherwise `holder` is the client that holds the lock, or null if unknown.
 *
 * The server may have forgotten a predecessor that still believes it holds the lock. Such a
 * predecessor gives up the lock at most `lockDelayMs` milliseconds after {@link Claim.open} was
 * called. Until then, this claim must not use the lock.
 */
export type AcquireResult =
  | { readonly token: bigint; readonly lockDelayMs: number }
  | { readonly token: null; readonly holder: ClusterHolder | null };

/**
 * One attempt to become the holder, with a unique id. Each method rejects with `signal.reason` if
 * `signal` aborts, and with {@link ClaimGone} if the server reports that the claim no longer
 * exists. After any other error, the method may be called again and then uses the next endpoint.
 */
export interface Claim {
  /**
   * The id of the claim. It is chosen before the first request, so that a successor can revoke the
   * claim no matter when this process died.
   */
  readonly id: string;
  /**
   * Registers the claim with the server. Resolves with the granted time to live in milliseconds.
   */
  open(signal: AbortSignal): Promise<number>;
  /** Tries to acquire the lock, waiting no longer than `slice`. The first call joins the queue. */
  acquire(signal: AbortSignal, slice: WaitSlice): Promise<AcquireResult>;
  /**
   * Extends the claim and confirms with a majority of the servers that it still exists. Resolves
   * with the time to live, in milliseconds from when the request was sent.
   */
  renew(signal: AbortSignal): Promise<number>;
  /**
   * Calls `onGone` when the server reports that the claim has ended. From now on, the connections
   * do not keep the process alive.
   */
  watch(onGone: (cause: unknown) => void): void;
  /** Releases the lock, or leaves the queue. */
  release(signal: AbortSignal): Promise<void>;
  /** Closes every connection without waiting. May be called more than once. */
  destroy(): void;
}

/**
 * One finding about the servers, for `status` and `doctor`.
 *
 * @example
 * const isBad = ({ level }: ClusterFinding) => level === 'problem';
 * const engine = etcdEngine({ endpoints: ['https://etcd.example:2379'] });
 * console.log((await engine.inspect('billing')).filter(isBad));
 */
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
   * Ends the claim of a process that is known to be dead. Also resolves if the claim does not
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
