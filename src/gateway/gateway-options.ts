// Checks the options of acquireGatewayLock(), and completes them from the environment.
import type { PathLike } from 'node:fs';
import { resolve } from 'node:path';
import {
  checkBacklog,
  checkFlag,
  checkFunction,
  checkOneOf,
  checkOptions,
  checkPath,
  checkPort,
  checkSignal,
  checkTimeout,
  invalidType,
  type OptionNames,
  outOfRange,
} from '../arguments.js';
import { addressesOf, DEFAULT_BACKLOG } from '../endpoint.js';
import { type OwnerFields, RECORD_LIMIT, toLockError } from '../lock/internal.js';
import { useNativeBinding } from '../native/load.js';
import { checkEnv, checkName, type Env, envValue, readApp, variableName } from './app-environment.js';
import { startsBeforeStop } from './detect-supervisor.js';
import { lockFailedError } from './gateway-error.js';
import type { GatewayCluster, GatewayLockOptions, GatewayWait } from './gateway-lock-options.js';
import { configLock, resolveStatePaths, type StatePathOptions, type StatePaths } from './lock-directories.js';

/** The checked options of a gateway. */
export interface GatewayRequest {
  readonly app: string;
  /** Fields of the owner record, in addition to the identity of the process. */
  readonly owner: OwnerFields;
  readonly host: string;
  readonly port: number;
  /**
   * The gateway's paths. Null if the caller named the lock file, because the gateway then needs
   * neither a state directory nor a home directory.
   */
  readonly paths: StatePaths | null;
  /**
   * The paths of the state lock and the config lock, in the order of acquisition. Each is a
   * function, because computing the path of the config lock loads node:crypto.
   */
  readonly lockPaths: readonly (() => string)[];
  readonly timeoutMs: number;
  readonly bindTimeoutMs: number;
  readonly whenListening: 'fail' | 'wait';
  readonly signal: AbortSignal | undefined;
  readonly onWait: ((wait: GatewayWait) => unknown) | undefined;
  readonly weakFileSystem: 'error' | 'warn' | 'allow';
  readonly bind: boolean;
  readonly backlog: number;
  readonly inherited: 'adopt' | 'ignore';
  readonly cluster: GatewayCluster | undefined;
}

/**
 * The options of acquireGatewayLock(). Each function that takes some of them accepts and ignores the
 * others, so that a program can pass the same options to all functions.
 */
export const GATEWAY_OPTIONS: OptionNames<GatewayLockOptions> = {
  app: true,
  profile: true,
  port: true,
  host: true,
  configPath: true,
  stateDir: true,
  lockDir: true,
  lockFile: true,
  role: true,
  timeoutMs: true,
  bindTimeoutMs: true,
  whenListening: true,
  signal: true,
  allowMultiple: true,
  env: true,
  onWait: true,
  weakFileSystem: true,
  bind: true,
  backlog: true,
  inherited: true,
  cluster: true,
  nativeBinding: true,
};
const CLUSTER_OPTIONS: OptionNames<GatewayCluster> = { engine: true, name: true, ttlMs: true, timeoutMs: true };

const DEFAULT_PORT = 18789;
export const DEFAULT_TIMEOUT_MS = 5000;
export const DEFAULT_BIND_TIMEOUT_MS = 10_000;

/**
 * @throws {TypeError} `ERR_INVALID_ARG_*`, whose message names the option
 * @throws {RangeError} `ERR_OUT_OF_RANGE`, whose message names the option or variable
 * @throws {GatewayLockError} `ERR_GATEWAY_LOCK_FAILED` if a path cannot be resolved
 */
export function readGatewayOptions(options: GatewayLockOptions): GatewayRequest {
  checkOptions(options, GATEWAY_OPTIONS);
  useNativeBinding(options.nativeBinding);
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
    whenListening: checkOneOf('whenListening', options.whenListening ?? defaultWhenListening(env), ['fail', 'wait']),
    signal: checkSignal(options.signal),
    onWait: checkFunction('onWait', options.onWait),
    weakFileSystem: checkOneOf('weakFileSystem', options.weakFileSystem ?? 'error', ['error', 'warn', 'allow']),
    bind: checkFlag('bind', options.bind ?? true),
    backlog: checkBacklog(options.backlog ?? DEFAULT_BACKLOG),
    inherited: checkOneOf('inherited', options.inherited ?? 'adopt', ['adopt', 'ignore']),
    cluster: checkCluster(options.cluster),
  };
}

/**
 * If the supervisor stops the running gateway after it has started this one, waiting is right, and
 * a refusal would leave no gateway.
 */
function defaultWhenListening(env: Env): 'fail' | 'wait' {
  return startsBeforeStop(env) ? 'wait' : 'fail';
}

/**
 * Returns the gateway's fields of the owner record. Omits the paths, which are for display only, if
 * they are too long for the record.
 */
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

/**
 * OpenClaw ignores a record with any other role, and takes over the lock after 30 s (OpenClaw
 * 2026.9.6, src/infra/gateway-lock.ts).
 */
const OPENCLAW_ROLES = ['gateway', 'agent-embedded', 'skill-workshop-apply', 'sqlite-maintenance'] as const;

function checkRole(app: string, role: unknown): string {
  return app === 'openclaw' ? checkOneOf('role', role, OPENCLAW_ROLES) : checkName('role', role);
}

function optionalPath(name: string, value: PathLike | undefined): string | undefined {
  return value === undefined ? undefined : checkPath(name, value);
}

function portFromEnv(env: Env, app: string): number {
  const text = envValue(env, app, 'GATEWAY_PORT');
  if (text === undefined) return DEFAULT_PORT;
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port > 0 && port <= 65535) return port;
  throw outOfRange(variableName(app, 'GATEWAY_PORT'), 'a port from 1 to 65535', text);
}

function checkCluster(cluster: GatewayCluster | undefined): GatewayCluster | undefined {
  if (cluster === undefined) return undefined;
  checkOptions(cluster, CLUSTER_OPTIONS, 'cluster');
  if (typeof cluster.engine?.acquire !== 'function')
    throw invalidType('cluster.engine', 'an engine of gateway-lock/cluster', cluster.engine);
  if (typeof cluster.name !== 'string') throw invalidType('cluster.name', 'a string', cluster.name);
  if (cluster.timeoutMs !== undefined) checkTimeout('cluster.timeoutMs', cluster.timeoutMs);
  return cluster;
}
