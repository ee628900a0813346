// Lists the locks of all gateways of a user, with their holders and the holders' health.
import { checkOptions } from '../arguments.js';
import type { OwnerRecord } from '../errors.js';
import { knownHolder, type LockProbe, livingHolder, probeTarget } from '../lock/internal.js';
import { native } from '../native/load.js';
import { checkHealthOptions, type HealthCheckOptions, type HealthProbe, probeHealth } from '../probe/probe-health.js';
import { probePort } from '../probe/probe-port.js';
import { findLockFiles, type SearchOptions, type UnreadablePath } from './find-lock-files.js';
import { GATEWAY_OPTIONS } from './gateway-options.js';
import { holderEndpoint } from './holder-endpoint.js';

/**
 * Options of {@link listLocks}.
 *
 * @example
 * const options: ListLocksOptions = { app: 'chat', health: { timeoutMs: 500 } };
 * console.log(await listLocks(options));
 */
export interface ListLocksOptions extends SearchOptions {
  /**
   * Options of the health check.
   *
   * @default a GET request for /healthz with a time limit of 1000 ms
   */
  readonly health?: HealthCheckOptions | undefined;
}

/**
 * A lock file, its holder, and the holder's health.
 *
 * @example
 * const isRunning = ({ state, health }: ListedLock) => state === 'held' && health?.healthy === true;
 * console.log((await listLocks()).filter(isRunning).length);
 */
export interface ListedLock {
  /** The path of the lock file. If the state is `unreadable`, the path may name a directory. */
  readonly path: string;
  /**
   * `held`, `leftover`, `free` or `missing`, as in {@link LockProbe}; `unreadable` if the probe
   * failed with `cause`.
   */
  readonly state: LockProbe['state'] | 'unreadable';
  readonly heldBy: LockProbe['heldBy'];
  readonly owner: OwnerRecord | null;
  /**
   * True if the owner is alive, false if it has ended. Null if there is no owner or its state is
   * unknown.
   */
  readonly ownerAlive: boolean | null;
  /**
   * The living process that holds the lock, if the record names a dead process: a process
   * that has inherited the lock. Linux only. Absent if the record names the holder, or unknown.
   */
  readonly holderPid?: number;
  /** The holder's program and arguments; null if the system does not report them. */
  readonly command: readonly string[] | null;
  /** The host in the holder's record; null if the record contains no endpoint. */
  readonly host: string | null;
  /** The port in the holder's record; null if the record contains no endpoint. */
  readonly port: number | null;
  /** True if a process listens on the port; null if the record contains no port. */
  readonly listening: boolean | null;
  /** The result of the health check; null if no process listens on the port. */
  readonly health: HealthProbe | null;
  readonly cause: unknown;
}

/**
 * Lists the locks in the lock directories of all state directories (see {@link
 * listStateDirectories}). A lock that cannot be read is listed as `unreadable`. Does not create,
 * change or lock anything.
 *
 * @example
 * for (const { path, state, owner } of await listLocks()) console.log(path, state, owner?.pid);
 * @throws {TypeError} `ERR_INVALID_ARG_*`
 * @throws {RangeError} `ERR_OUT_OF_RANGE`
 * @throws {GatewayLockError} `ERR_GATEWAY_LOCK_FAILED` if a path cannot be resolved
 */
export async function listLocks(options: ListLocksOptions = {}): Promise<ListedLock[]> {
  checkOptions(options, { ...GATEWAY_OPTIONS, health: true });
  const { health = {}, ...search } = options;
  checkHealthOptions(health);
  const unreadable: UnreadablePath[] = [];
  const files = findLockFiles(search, unreadable);
  const ownPath = search.lockFile === undefined;
  const locks = await Promise.all(files.map((path) => probeListed(path, ownPath, health)));
  return [...locks, ...unreadable.map(unreadableLock)];
}

const NO_ENDPOINT = { host: null, port: null, listening: null, health: null } as const;

function unreadableLock({ path, cause }: UnreadablePath): ListedLock {
  return {
    path,
    state: 'unreadable',
    heldBy: null,
    owner: null,
    ownerAlive: null,
    command: null,
    ...NO_ENDPOINT,
    cause,
  };
}

async function probeListed(path: string, ownPath: boolean, health: HealthCheckOptions): Promise<ListedLock> {
  try {
    // Includes the lock files of other users, because their locks also prevent a gateway of this
    // user from starting.
    const probed = probeTarget({ path, endpoint: undefined, ownPath }, 'everyone');
    const { state, heldBy, owner, ownerAlive } = probed;
    // A dead owner's record is from an earlier holder, so its port is not that of the current
    // holder.
    const known = state === 'held' && ownerAlive !== false && owner?.port != null;
    const endpoint = known ? await probeEndpoint(owner, ownerAlive, health) : NO_ENDPOINT;
    const pid = livingHolder(probed);
    const command = pid === null ? null : commandOf(pid);
    return { path, state, heldBy, ...knownHolder(probed), command, ...endpoint, cause: null };
  } catch (cause) {
    return unreadableLock({ path, cause });
  }
}

async function probeEndpoint(owner: OwnerRecord, ownerAlive: boolean | null, options: HealthCheckOptions) {
  const { host, port } = holderEndpoint({ owner, ownerAlive, host: '127.0.0.1', port: owner.port! });
  const listening = (await probePort({ host, port })).state === 'listening';
  const health = listening ? await probeHealth({ ...options, host, port }) : null;
  return { host, port, listening, health };
}

/**
 * Returns a process's program and arguments, or null if the system does not report them. A program
 * that has changed its title leaves several NULs at the end.
 */
function commandOf(pid: number): readonly string[] | null {
  const words = native().commandLine(pid).replace(/\0+$/, '');
  return words === '' ? null : words.split('\0');
}
