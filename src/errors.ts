// The error classes and error codes of this package. Programs should match an error's `code`, never
// its text. New versions may add codes, but never remove any.

/** A process, told apart from a later process with the same pid. */
export interface ProcessReference {
  readonly pid: number;
  /** The start time of the process. Compare it for equality only. 0 if it is unknown. */
  readonly startToken: number;
}

/** The upgrade of a gateway, in the owner record of the gateway that is being replaced. */
export interface UpgradeState {
  /** The successor. */
  readonly pid: number;
  /**
   * `starting`: the successor is not ready yet. `draining`: the gateway no longer accepts clients,
   * and its open connections are ending. `kept`: the upgrade failed, and the gateway keeps running.
   */
  readonly phase: 'starting' | 'draining' | 'kept';
  /** Why the gateway was kept. */
  readonly reason?: string;
}

/**
 * The owner record, which describes the holder in the lock file and also contains the caller's
 * `owner` fields. It is for display only, and never determines who may acquire the lock.
 */
export interface OwnerRecord {
  readonly pid: number;
  /**
   * The start time of the process, which distinguishes it from a later process with the same pid.
   * Compare it for equality only.
   */
  readonly startTime: number | null;
  readonly bootId: string | null;
  /** The pid namespace (Linux containers) in which `pid` is valid. */
  readonly pidNamespace: string | null;
  readonly host: string | null;
  /** The date of the acquisition in ISO 8601, from the holder's clock. */
  readonly createdAt: string | null;
  /** The unique id of the acquisition. */
  readonly ownerId: string | null;
  /** False in the record of an older gateway, which held no kernel lock. */
  readonly kernelLock: boolean;
  /** The TCP port on which the holder listens. Null until the holder listens. */
  readonly port: number | null;
  /** The `gateway-lock run` that keeps the lock and restarts the holder. Absent if there is none. */
  readonly keeper?: ProcessReference;
  /** The upgrade that is in progress or has failed. Absent if there was none. */
  readonly upgrade?: UpgradeState;
  readonly [field: string]: unknown;
}

export type LockErrorCode =
  /** Another holder had the lock until the deadline. */
  | 'ERR_LOCK_TIMEOUT'
  /** The file system has no file locks. */
  | 'ERR_LOCK_UNSUPPORTED'
  /** The file system grants the lock to two processes at once. */
  | 'ERR_LOCK_WEAK_FILESYSTEM'
  /** The lock file was removed or replaced while the lock was held. */
  | 'ERR_LOCK_REPLACED'
  /** The file or directory belongs to another user, or this process may not use it. */
  | 'ERR_LOCK_PERMISSION'
  /** The file is not a lock file, or is not safe to use as a lock file. */
  | 'ERR_LOCK_INVALID_FILE'
  /** No binary of the addon could be loaded on this machine. */
  | 'ERR_NATIVE_MISSING'
  /** A cluster lock was not renewed before its deadline. */
  | 'ERR_LOCK_EXPIRED'
  /** The cluster ended a held lock: its key was deleted, or its session was terminated. */
  | 'ERR_LOCK_REVOKED'
  /** No server of the cluster responded, so it is unknown whether the lock is held. */
  | 'ERR_CLUSTER_UNAVAILABLE'
  /**
   * The cluster responded, but cannot provide the lock, for example because of a pooler, a standby,
   * an old version or missing rights.
   */
  | 'ERR_CLUSTER_UNSUITABLE';

export type GatewayLockErrorCode =
  | 'ERR_GATEWAY_PORT_IN_USE'
  | 'ERR_GATEWAY_BIND_FAILED'
  | 'ERR_GATEWAY_LOCKED'
  | 'ERR_GATEWAY_LOCK_FAILED';

export interface LockErrorDetails {
  readonly path?: string | null;
  readonly owner?: OwnerRecord | null;
  readonly ownerAlive?: boolean | null;
  readonly holderPid?: number;
  readonly cause?: unknown;
}

export interface GatewayLockErrorDetails extends LockErrorDetails {
  readonly host: string;
  readonly port: number;
  readonly hint: string;
}

/**
 * Returns true for errors of this package. The brand makes `instanceof` work even for errors from a
 * second installed copy of the package.
 */
function hasBrand(value: unknown, brand: symbol): boolean {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;
}

const LOCK_ERROR = Symbol.for('gateway-lock.LockError');
const GATEWAY_LOCK_ERROR = Symbol.for('gateway-lock.GatewayLockError');

export class LockError extends Error {
  readonly code: LockErrorCode | GatewayLockErrorCode;
  /** The path of the lock file or directory that caused the error. Null if there is none. */
  readonly path: string | null;
  /** The holder's owner record. Null if the holder is unknown. */
  readonly owner: OwnerRecord | null;
  /**
   * True if `owner` is alive, false if it has ended. Null if there is no owner or its state is
   * unknown.
   */
  readonly ownerAlive: boolean | null;
  /**
   * The living process that holds the lock, if the record names a dead process: a process
   * that has inherited the lock. Linux only. Absent if the record names the holder, or unknown.
   */
  declare readonly holderPid?: number;

  constructor(code: LockErrorCode | GatewayLockErrorCode, message: string, details: LockErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.path = details.path ?? null;
    this.owner = details.owner ?? null;
    this.ownerAlive = details.ownerAlive ?? null;
    if (details.holderPid !== undefined) this.holderPid = details.holderPid;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return this === LockError ? hasBrand(value, LOCK_ERROR) : Function.prototype[Symbol.hasInstance].call(this, value);
  }
}

export class GatewayLockError extends LockError {
  declare readonly code: GatewayLockErrorCode;
  readonly lockPath: string | null;
  readonly host: string;
  readonly port: number;
  /** One or two sentences for the user that name the holder and the command to run. */
  readonly hint: string;
  /** The exit code for a process that ends because of this error. */
  readonly exitCode = 1;

  constructor(code: GatewayLockErrorCode, message: string, details: GatewayLockErrorDetails) {
    super(code, message, details);
    this.lockPath = this.path;
    this.host = details.host;
    this.port = details.port;
    this.hint = details.hint;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return this === GatewayLockError
      ? hasBrand(value, GATEWAY_LOCK_ERROR)
      : Function.prototype[Symbol.hasInstance].call(this, value);
  }
}

// The names are on the prototypes, as in Node's own errors, so that `name` is not listed among an
// error's properties.
Object.defineProperty(LockError.prototype, 'name', { value: 'LockError', writable: true, configurable: true });
Object.defineProperty(LockError.prototype, LOCK_ERROR, { value: true });
Object.defineProperty(GatewayLockError.prototype, 'name', {
  value: 'GatewayLockError',
  writable: true,
  configurable: true,
});
Object.defineProperty(GatewayLockError.prototype, GATEWAY_LOCK_ERROR, { value: true });
