// The options of acquireGatewayLock(), checked and completed from the environment.
import { resolve } from 'node:path';
import {
  checkFlag,
  checkFunction,
  checkOneOf,
  checkOptions,
  checkPath,
  checkPort,
  checkSignal,
  checkTimeout,
  outOfRange,
} from '../arguments.js';
import { addressesOf } from '../endpoint.js';
import type { OwnerRecord } from '../errors.js';
import { toLockError } from '../lock/lock-error.js';
import type { OwnerFields } from '../lock/owner-record.js';
import { RECORD_LIMIT } from '../lock/record-parser.js';
import { checkEnv, checkName, type Env, envValue, readApp, variableName } from './app-environment.js';
import { checkCluster, type GatewayCluster } from './cluster.js';
import { lockFailedError } from './gateway-error.js';
import { configLock, resolveStatePaths, type StatePathOptions, type StatePaths } from './lock-directories.js';

/** A held lock and its holder, as far as the owner record names one. */
export interface GatewayWait {
  readonly lockPath: string;
  readonly owner: OwnerRecord | null;
  /** null if there is no owner, or if this system cannot tell. */
  readonly ownerAlive: boolean | null;
}

export interface GatewayLockOptions {
  /**
   * Prefix of directories and environment variables: `~/.<app>`, `<APP>_STATE_DIR`.
   *
   * @default 'gateway'
   */
  readonly app?: string;
  /** Name of a further gateway, whose state directory is `~/.<app>-<profile>`. Give it another port too, at least 20 away. */
  readonly profile?: string;
  /**
   * The TCP port. With 0 the system chooses one.
   *
   * @default `<APP>_GATEWAY_PORT`, else 18789
   */
  readonly port?: number;
  /**
   * An IP address, or `localhost` for both loopback addresses.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string;
  /**
   * The config file. It need not exist.
   *
   * @default `<APP>_CONFIG_PATH`, else `<stateDir>/<app>.json`
   */
  readonly configPath?: string;
  /**
   * The state directory.
   *
   * @default `<APP>_STATE_DIR`, else `~/.<app>`
   */
  readonly stateDir?: string;
  /**
   * The lock directory. Must belong to this user and must not be writable by others. Gateways with different state directories
   * may share it.
   *
   * @default `<stateDir>/tmp/<app>-<uid>`
   */
  readonly lockDir?: string;
  /**
   * A single lock file in place of the state lock and the config lock, for a program without a state directory. Its directory
   * must exist.
   */
  readonly lockFile?: string;
  /**
   * The role of this process in the owner record. With `app: 'openclaw'` it must be a role that OpenClaw knows: `gateway`,
   * `agent-embedded`, `skill-workshop-apply` or `sqlite-maintenance`. OpenClaw takes over a lock with an unknown role.
   *
   * @default 'gateway'
   */
  readonly role?: string;
  /**
   * Milliseconds to wait for a holder that is starting or closing.
   *
   * @default 5000
   */
  readonly timeoutMs?: number;
  /**
   * Milliseconds to wait for the port, once the locks are acquired and no process listens on it.
   *
   * @default 10000
   */
  readonly bindTimeoutMs?: number;
  /**
   * What to do if the lock is held and a process listens on the port: fail at once, or wait up to `timeoutMs`.
   *
   * @default 'fail'
   */
  readonly whenListening?: 'fail' | 'wait';
  /** Ends the wait: the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /**
   * Allows several gateways with one config, each with its own state directory.
   *
   * @default true if `<APP>_ALLOW_MULTI_GATEWAY` is `1`
   */
  readonly allowMultiple?: boolean;
  /**
   * Source of the `<APP>_*` variables. The home directory is always that of the process.
   *
   * @default process.env
   */
  readonly env?: Env;
  /** Called and awaited once for each lock that another process holds. The wait continues afterwards. */
  readonly onWait?: (wait: GatewayWait) => unknown;
  /**
   * What to do on a file system that grants the lock to two processes at once: fail, emit a process warning, or allow it.
   *
   * @default 'error'
   */
  readonly weakFileSystem?: 'error' | 'warn' | 'allow';
  /**
   * false acquires the locks only, without binding the port.
   *
   * @default true
   */
  readonly bind?: boolean;
  /** Adds a cluster lock, which is acquired after the locks of this host and before the bind. */
  readonly cluster?: GatewayCluster;
}

/** The checked options of a gateway. */
export interface GatewayRequest {
  readonly app: string;
  /** Fields of the owner record, in addition to the identity of the process. */
  readonly owner: OwnerFields;
  readonly host: string;
  readonly port: number;
  /** null if the caller named the lock file, which needs neither a state directory nor a home directory. */
  readonly paths: StatePaths | null;
  /** State lock, then config lock: the order in which they are acquired. Functions, because {@link configLock} is slow. */
  readonly lockPaths: readonly (() => string)[];
  readonly timeoutMs: number;
  readonly bindTimeoutMs: number;
  readonly whenListening: 'fail' | 'wait';
  readonly signal: AbortSignal | undefined;
  readonly onWait: ((wait: GatewayWait) => unknown) | undefined;
  readonly weakFileSystem: 'error' | 'warn' | 'allow';
  readonly bind: boolean;
  readonly cluster: GatewayCluster | undefined;
}

const DEFAULT_PORT = 18789;
export const DEFAULT_TIMEOUT_MS = 5000;
export const DEFAULT_BIND_TIMEOUT_MS = 10_000;

/**
 * @throws {TypeError} `ERR_INVALID_ARG_*` naming the option
 * @throws {RangeError} `ERR_OUT_OF_RANGE` naming the option or variable
 * @throws {GatewayLockError} `ERR_GATEWAY_LOCK_FAILED` if a path cannot be resolved
 */
export function readGatewayOptions(options: GatewayLockOptions): GatewayRequest {
  checkOptions(options);
  const env = checkEnv(options.env ?? process.env);
  const app = readApp(options.app);
  const host = options.host ?? '127.0.0.1';
  addressesOf(host);
  const port = options.port === undefined ? portFromEnv(env, app) : checkPort('port', options.port);
  const lockFile = optionalPath('lockFile', options.lockFile);
  const pathOptions = readPathOptions(options, app, env);
  const paths = lockFile === undefined ? resolvePaths({ host, port }, pathOptions) : null;
  const allowMultiple = options.allowMultiple ?? envValue(env, app, 'ALLOW_MULTI_GATEWAY') === '1';
  return {
    app,
    owner: ownerFields(app, checkRole(app, options.role ?? 'gateway'), paths),
    host,
    port,
    paths,
    lockPaths: paths === null ? only(resolve(lockFile!)) : lockPaths(paths, checkFlag('allowMultiple', allowMultiple)),
    timeoutMs: checkTimeout('timeoutMs', options.timeoutMs ?? DEFAULT_TIMEOUT_MS),
    bindTimeoutMs: checkTimeout('bindTimeoutMs', options.bindTimeoutMs ?? DEFAULT_BIND_TIMEOUT_MS),
    whenListening: checkOneOf('whenListening', options.whenListening ?? 'fail', ['fail', 'wait']),
    signal: checkSignal(options.signal),
    onWait: checkFunction('onWait', options.onWait),
    weakFileSystem: checkOneOf('weakFileSystem', options.weakFileSystem ?? 'error', ['error', 'warn', 'allow']),
    bind: checkFlag('bind', options.bind ?? true),
    cluster: checkCluster(options.cluster),
  };
}

/** Omits the paths if they are too long for the record: they only inform people. */
function ownerFields(app: string, role: string, paths: StatePaths | null): OwnerFields {
  if (paths === null) return { app, role };
  const { stateDir, configPath } = paths;
  const fit = Buffer.byteLength(stateDir + configPath) < RECORD_LIMIT / 2;
  return fit ? { app, role, stateDir, configPath } : { app, role };
}

function only(lockFile: string): GatewayRequest['lockPaths'] {
  return [() => lockFile];
}

function lockPaths(paths: StatePaths, allowMultiple: boolean): GatewayRequest['lockPaths'] {
  const stateLock = only(paths.stateLock);
  return allowMultiple ? stateLock : [...stateLock, () => configLock(paths)];
}

function readPathOptions(options: GatewayLockOptions, app: string, env: Env): StatePathOptions {
  return {
    app,
    profile: options.profile === undefined ? undefined : checkName('profile', options.profile),
    stateDir: optionalPath('stateDir', options.stateDir),
    configPath: optionalPath('configPath', options.configPath),
    lockDir: optionalPath('lockDir', options.lockDir),
    env,
  };
}

function resolvePaths(endpoint: { host: string; port: number }, options: StatePathOptions): StatePaths {
  try {
    return resolveStatePaths(options);
  } catch (error) {
    const { path = 'the state directory' } = error as NodeJS.ErrnoException;
    throw lockFailedError(endpoint, path, toLockError(error, path));
  }
}

/** OpenClaw ignores a record with any other role, and takes the lock over after 30 s (OpenClaw 2026.9.6, src/infra/gateway-lock.ts). */
const OPENCLAW_ROLES = ['gateway', 'agent-embedded', 'skill-workshop-apply', 'sqlite-maintenance'] as const;

function checkRole(app: string, role: unknown): string {
  return app === 'openclaw' ? checkOneOf('role', role, OPENCLAW_ROLES) : checkName('role', role);
}

function optionalPath(name: string, value: unknown): string | undefined {
  return value === undefined ? undefined : checkPath(name, value);
}

function portFromEnv(env: Env, app: string): number {
  const text = envValue(env, app, 'GATEWAY_PORT');
  if (text === undefined) return DEFAULT_PORT;
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port > 0 && port <= 65535) return port;
  throw outOfRange(variableName(app, 'GATEWAY_PORT'), 'a port from 1 to 65535', text);
}
