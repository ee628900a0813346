// Every error of this package that has a code of its own. The code is the interface: match `code`,
// never the text. Codes are only ever added.

/**
 * What the lock file says of a holder. A hint for people and messages; it never decides who may
 * acquire. Fields that the caller gave as `owner` stand beside these.
 */
export interface OwnerRecord {
  readonly pid: number;
  /** When that process started, to tell it from a later one with the same pid. Compare for equality only. */
  readonly startTime: number | null;
  readonly bootId: string | null;
  /** Pids mean the same only inside one pid namespace (Linux containers). */
  readonly pidNamespace: string | null;
  readonly host: string | null;
  /** ISO 8601, the holder's clock. */
  readonly createdAt: string | null;
  /** Differs for each acquisition. */
  readonly ownerId: string | null;
  /** False for the record of an older gateway that held no kernel lock. */
  readonly kernelLock: boolean;
  /** The TCP port that the holder listens on, once it does. */
  readonly port: number | null;
  readonly [field: string]: unknown;
}

export type LockErrorCode =
  /** Somebody else held the lock until the deadline. */
  | 'ERR_LOCK_TIMEOUT'
  /** This file system has no such lock. */
  | 'ERR_LOCK_UNSUPPORTED'
  /** This file system grants the lock to two at once. */
  | 'ERR_LOCK_WEAK_FILESYSTEM'
  /** The lock file was removed or replaced under its holder. */
  | 'ERR_LOCK_REPLACED'
  /** Another user's file or directory, or no right to use it. */
  | 'ERR_LOCK_PERMISSION'
  /** Not a file that may be used as a lock. */
  | 'ERR_LOCK_INVALID_FILE'
  /** No binary of the addon for this machine. */
  | 'ERR_NATIVE_MISSING'
  /** A cluster lock could not be renewed before its deadline. */
  | 'ERR_LOCK_EXPIRED'
  /** The cluster ended a lock that was held: its key was deleted, its session was terminated. */
  | 'ERR_LOCK_REVOKED'
  /** No server of the cluster answered. Says nothing about the lock: it is neither free nor still held. */
  | 'ERR_CLUSTER_UNAVAILABLE'
  /** The cluster answered, but cannot hold such a lock: a pooler, a standby, an old version, missing rights. */
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
  readonly cause?: unknown;
}

export interface GatewayLockErrorDetails extends LockErrorDetails {
  readonly host: string;
  readonly port: number;
  readonly hint: string;
}

/** `instanceof` also holds for an error of a second installed copy of this package. */
function hasBrand(value: unknown, brand: symbol): boolean {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;
}

const LOCK_ERROR = Symbol.for('gateway-lock.LockError');
const GATEWAY_LOCK_ERROR = Symbol.for('gateway-lock.GatewayLockError');

export class LockError extends Error {
  readonly code: LockErrorCode | GatewayLockErrorCode;
  /** The lock file or directory that the error is about. */
  readonly path: string | null;
  /** Who holds the lock, as far as its record says. */
  readonly owner: OwnerRecord | null;
  /** Whether that owner is alive; null when this system cannot tell. */
  readonly ownerAlive: boolean | null;

  constructor(code: LockErrorCode | GatewayLockErrorCode, message: string, details: LockErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.path = details.path ?? null;
    this.owner = details.owner ?? null;
    this.ownerAlive = details.ownerAlive ?? null;
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
  /** One or two sentences for a person: who is in the way, and what to type. */
  readonly hint: string;
  /** What a process that gives up because of this error should exit with. */
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

// On the prototypes, as Node does it: `error.name` is right and is not listed as a property.
Object.defineProperty(LockError.prototype, 'name', { value: 'LockError', writable: true, configurable: true });
Object.defineProperty(LockError.prototype, LOCK_ERROR, { value: true });
Object.defineProperty(GatewayLockError.prototype, 'name', {
  value: 'GatewayLockError',
  writable: true,
  configurable: true,
});
Object.defineProperty(GatewayLockError.prototype, GATEWAY_LOCK_ERROR, { value: true });
