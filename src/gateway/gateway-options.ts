// What acquireGatewayLock() takes, checked and completed from the environment.
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
  invalidType,
  invalidValue,
  outOfRange,
} from '../arguments.js';
import { addressesOf } from '../endpoint.js';
import type { OwnerRecord } from '../errors.js';
import { type OwnerFields, RECORD_LIMIT, toLockError } from '../lock/internal.js';
import { checkCluster, type GatewayCluster } from './cluster.js';
import { lockFailedError } from './gateway-error.js';
import {
  configLock,
  type Env,
  envValue,
  resolveStatePaths,
  type StatePathOptions,
  type StatePaths,
} from './state-paths.js';

export interface GatewayWait {
  readonly lockPath: string;
  readonly owner: OwnerRecord | null;
  readonly ownerAlive: boolean | null;
}

export interface GatewayLockOptions {
  /** Names the files and the environment variables: `~/.<app>`, `<APP>_STATE_DIR`. @default 'gateway' */
  readonly app?: string;
  /** Another gateway beside the first: its state is `~/.<app>-<profile>`. Give it another port too, 20 away. */
  readonly profile?: string;
  /** 0 lets the system choose. @default `<APP>_GATEWAY_PORT`, else 18789 */
  readonly port?: number;
  /** An IP address, or `localhost` for both loopbacks. @default '127.0.0.1' */
  readonly host?: string;
  /** @default `<APP>_CONFIG_PATH`, else `<stateDir>/<app>.json` */
  readonly configPath?: string;
  /** @default `<APP>_STATE_DIR`, else `~/.<app>` */
  readonly stateDir?: string;
  /** Must be ours and not writable by others; gateways with different states may share it. @default `<stateDir>/tmp/<app>-<uid>` */
  readonly lockDir?: string;
  /**
   * One lock file of your own in place of the state lock and the config lock: for a program that has no
   * state directory. Its directory must exist.
   */
  readonly lockFile?: string;
  /**
   * What the owner record calls this process. With `app: 'openclaw'` one of the roles that OpenClaw knows: `gateway`,
   * `agent-embedded`, `skill-workshop-apply`, `sqlite-maintenance`. It takes a lock whose role it does not know.
   *
   * @default 'gateway'
   */
  readonly role?: string;
  /** Milliseconds to wait for a holder that is starting or closing. @default 5000 */
  readonly timeoutMs?: number;
  /**
   * Milliseconds to wait for the socket of a predecessor to go away, once the locks are ours and nobody
   * listens. @default 10000
   */
  readonly bindTimeoutMs?: number;
  /** When the lock is held and its port answers: fail at once, or wait for that gateway, too. @default 'fail' */
  readonly whenListening?: 'fail' | 'wait';
  /** Ends the wait: the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Several gateways with one config, each with its own state. @default `<APP>_ALLOW_MULTI_GATEWAY` is `1` */
  readonly allowMultiple?: boolean;
  /** Where the `<APP>_*` variables are read; the home directory is the process's own. @default process.env */
  readonly env?: Env;
  /** Called once for each lock that has to be waited for, and awaited: the wait goes on when it has ended. */
  readonly onWait?: (wait: GatewayWait) => unknown;
  /** A file system that grants the lock to two at once: refuse it, warn, or use it. @default 'error' */
  readonly weakFileSystem?: 'error' | 'warn' | 'allow';
  /** false takes the locks only. @default true */
  readonly bind?: boolean;
  /** Adds a lock on a cluster, which is acquired after the host's locks and before the bind. */
  readonly cluster?: GatewayCluster;
}

export interface GatewayRequest {
  readonly app: string;
  /** What the owner records say beside who we are. */
  readonly owner: OwnerFields;
  readonly host: string;
  readonly port: number;
  /** null for a lock file of the caller's own, which needs neither state nor home. */
  readonly paths: StatePaths | null;
  /** In the order in which they are taken: state, then config, each asked for when it is to be taken. */
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
/** Milliseconds. */
export const DEFAULT_TIMEOUT_MS = 5000;
/** Milliseconds. */
export const DEFAULT_BIND_TIMEOUT_MS = 10_000;

/**
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE` naming the option or variable;
 *   {GatewayLockError} `ERR_GATEWAY_LOCK_FAILED` when a path cannot be followed
 */
export function readGatewayOptions(options: GatewayLockOptions): GatewayRequest {
  checkOptions(options);
  const env = checkEnv(options.env ?? process.env);
  const app = checkName('app', options.app ?? 'gateway');
  const host = options.host ?? '127.0.0.1';
  addressesOf(host);
  const port = options.port === undefined ? portFromEnv(env, app) : checkPort('port', options.port);
  const lockFile = optionalPath('lockFile', options.lockFile);
  const named = readNames(options, app, env);
  const paths = lockFile === undefined ? resolvePaths({ host, port }, named) : null;
  const allowMultiple = options.allowMultiple ?? envValue(env, app, 'ALLOW_MULTI_GATEWAY') === '1';
  return {
    app,
    owner: ownerFields(app, checkRole(app, options.role ?? 'gateway'), paths),
    host,
    port,
    paths,
    lockPaths: paths === null ? just(resolve(lockFile!)) : lockPaths(paths, checkFlag('allowMultiple', allowMultiple)),
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

/** The paths are a hint for people: they are left out when they would not fit the record. */
function ownerFields(app: string, role: string, paths: StatePaths | null): OwnerFields {
  if (paths === null) return { app, role };
  const { stateDir, configPath } = paths;
  const fit = Buffer.byteLength(stateDir + configPath) < RECORD_LIMIT / 2;
  return fit ? { app, role, stateDir, configPath } : { app, role };
}

function just(lockFile: string): GatewayRequest['lockPaths'] {
  return [() => lockFile];
}

function lockPaths(paths: StatePaths, allowMultiple: boolean): GatewayRequest['lockPaths'] {
  const stateLock = just(paths.stateLock);
  return allowMultiple ? stateLock : [...stateLock, () => configLock(paths)];
}

function readNames(options: GatewayLockOptions, app: string, env: Env): StatePathOptions {
  return {
    app,
    profile: options.profile === undefined ? undefined : checkName('profile', options.profile),
    stateDir: optionalPath('stateDir', options.stateDir),
    configPath: optionalPath('configPath', options.configPath),
    lockDir: optionalPath('lockDir', options.lockDir),
    env,
  };
}

function resolvePaths(place: { host: string; port: number }, named: StatePathOptions): StatePaths {
  try {
    return resolveStatePaths(named);
  } catch (error) {
    const { path = 'the state directory' } = error as NodeJS.ErrnoException;
    throw lockFailedError(place, path, toLockError(error, path));
  }
}

/** Becomes part of file names and variable names. */
export function checkName(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidType(name, 'a string', value);
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(value)) {
    throw invalidValue(name, 'up to 64 letters, digits, - and _', value);
  }
  return value;
}

/** OpenClaw ignores a record with another role, and takes its lock after 30 s (OpenClaw 2026.9.6, src/infra/gateway-lock.ts). */
const OPENCLAW_ROLES = ['gateway', 'agent-embedded', 'skill-workshop-apply', 'sqlite-maintenance'] as const;

function checkRole(app: string, role: unknown): string {
  return app === 'openclaw' ? checkOneOf('role', role, OPENCLAW_ROLES) : checkName('role', role);
}

function optionalPath(name: string, value: unknown): string | undefined {
  return value === undefined ? undefined : checkPath(name, value);
}

function checkEnv(value: unknown): Env {
  if (typeof value !== 'object' || value === null) throw invalidType('env', 'an object', value);
  return value as Env;
}

function portFromEnv(env: Env, app: string): number {
  const text = envValue(env, app, 'GATEWAY_PORT');
  if (text === undefined) return DEFAULT_PORT;
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port > 0 && port <= 65535) return port;
  throw outOfRange(`${app.toUpperCase().replaceAll('-', '_')}_GATEWAY_PORT`, 'a port from 1 to 65535', text);
}
