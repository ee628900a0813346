// The error classes and error codes of this package. Programs should match an error's `code`, never
// its text. New versions may add codes, but never remove any.

/**
 * A process, told apart from a later process with the same pid.
 *
 * @example
 * const process: ProcessReference = { pid: 4711, startToken: 181203 };
 * console.log(process.pid);
 */
export interface ProcessReference {
  readonly pid: number;
  /** The start time of the process. Compare it for equality only. 0 if it is unknown. */
  readonly startToken: number;
}

/**
 * A `gateway-lock run`, in the owner record of its program.
 *
 * @example
 * const keeper: KeeperReference | undefined = probeLock('gateway.lock').owner?.keeper;
 * if (keeper !== undefined) console.log(`kept by pid ${keeper.pid}`);
 */
export interface KeeperReference extends ProcessReference {
  /** The signal on which it replaces the program, for example SIGHUP. Absent if there is none. */
  readonly reloadSignal?: string;
}

/**
 * The upgrade of a gateway, in the owner record of the gateway that is being replaced.
 *
 * @example
 * const upgrade: UpgradeState | undefined = (await probeGateway()).owner?.upgrade;
 * if (upgrade !== undefined) console.log(`pid ${upgrade.pid} takes over (${upgrade.phase})`);
 */
export interface UpgradeState {
  /** The successor. Null if its program could not be started. */
  readonly pid: number | null;
  /**
   * `starting`: the successor is not ready yet. `draining`: the gateway no longer accepts clients,
   * and its open connections are ending. `kept`: the upgrade failed, and the gateway keeps running.
   */
  readonly phase: 'starting' | 'draining' | 'kept';
  /** Why the gateway was kept. */
  readonly reason?: string;
  /** The beginning of the phase, in ISO 8601 format. */
  readonly since?: string;
}

/**
 * The owner record, which describes the holder in the lock file and also contains the caller's
 * `owner` fields. It is for display only, and never determines who may acquire the lock.
 *
 * @example
 * const { owner } = probeLock('job.lock');
 * if (owner !== null) console.log(`pid ${owner.pid} on ${owner.host} since ${owner.createdAt}`);
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
  readonly keeper?: KeeperReference;
  /** The upgrade that is in progress or has failed. Absent if there was none. */
  readonly upgrade?: UpgradeState;
  readonly [field: string]: unknown;
}

/**
 * The codes of a {@link LockError}.
 *
 * @example
 * const code: LockErrorCode = 'ERR_LOCK_TIMEOUT';
 */
export type LockErrorCode =
  /** Another holder had the lock until the deadline. */
  | 'ERR_LOCK_TIMEOUT'
  /** The file system has no file locks, or this system or runtime cannot hand a lock over. */
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

/**
 * The codes of a {@link GatewayLockError}.
 *
 * @example
 * const code: GatewayLockErrorCode = 'ERR_GATEWAY_PORT_IN_USE';
 */
export type GatewayLockErrorCode =
  | 'ERR_GATEWAY_PORT_IN_USE'
  | 'ERR_GATEWAY_BIND_FAILED'
  | 'ERR_GATEWAY_LOCKED'
  | 'ERR_GATEWAY_LOCK_FAILED';

/**
 * What a {@link LockError} contains besides its code and message.
 *
 * @example
 * const details: LockErrorDetails = { path: '/var/lib/job.lock', cause: new Error('disk failure') };
 * throw new LockError('ERR_LOCK_INVALID_FILE', 'the lock file is damaged', details);
 */
export interface LockErrorDetails {
  readonly path?: string | null | undefined;
  readonly owner?: OwnerRecord | null | undefined;
  readonly ownerAlive?: boolean | null | undefined;
  readonly holderPid?: number | undefined;
  readonly cause?: unknown | undefined;
}

/**
 * What a {@link GatewayLockError} contains besides its code and message.
 *
 * @example
 * const details: GatewayLockErrorDetails = { host: '127.0.0.1', port: 18789, hint: 'Use another port.' };
 * throw new GatewayLockError('ERR_GATEWAY_PORT_IN_USE', 'the port is in use', details);
 */
export interface GatewayLockErrorDetails extends LockErrorDetails {
  readonly host: string;
  readonly port: number;
  readonly hint: string;
}

/**
 * The error of a lock that cannot be acquired, was lost, or cannot be released. `instanceof` is also
 * true for an error from a second copy of this package.
 *
 * @example
 * try {
 *   (await acquireLock('job.lock', { timeoutMs: 1000 })).release();
 * } catch (error) {
 *   if (!(error instanceof LockError && error.code === 'ERR_LOCK_TIMEOUT')) throw error;
 *   console.error(`pid ${error.owner?.pid} is still running`);
 * }
 */
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
}

/**
 * The error of a gateway that cannot start.
 *
 * @example
 * try {
 *   await (await acquireGatewayLock()).close();
 * } catch (error) {
 *   if (!(error instanceof GatewayLockError)) throw error;
 *   console.error(`${error.message}\n${error.hint}`);
 *   process.exitCode = error.exitCode;
 * }
 */
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
}

brandClass(LockError, 'LockError');
brandClass(GatewayLockError, 'GatewayLockError');

/**
 * Gives a class of errors its name and a brand. The brand makes `instanceof` true even for an error
 * from a second copy of this package. The name is on the prototype, as in Node's own errors, so
 * that it is not listed among an error's properties.
 *
 * Not written inside the classes, because esbuild renames a class that refers to itself.
 *
 * @internal
 */
export function brandClass(type: { readonly prototype: LockError }, name: string): void {
  const brand = Symbol.for(`gateway-lock.${name}`);
  Object.defineProperty(type.prototype, 'name', { value: name, writable: true, configurable: true });
  Object.defineProperty(type.prototype, brand, { value: true });
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, error: unknown): boolean {
      return this === type ? hasBrand(error, brand) : Function.prototype[Symbol.hasInstance].call(this, error);
    },
  });
}

function hasBrand(value: unknown, brand: symbol): boolean {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;
}
