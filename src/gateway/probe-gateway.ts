// Probes the state of a gateway without starting one, which makes a PID file unnecessary.
import { checkOptions } from '../arguments.js';
import type { OwnerRecord } from '../errors.js';
import { knownHolder, livingHolder } from '../lock/internal.js';
import { checkHealthOptions, type HealthCheckOptions, type HealthProbe, probeHealth } from '../probe/probe-health.js';
import { type PortProbe, probePort } from '../probe/probe-port.js';
import type { GatewayLockOptions } from './gateway-lock-options.js';
import { GATEWAY_OPTIONS, readGatewayOptions } from './gateway-options.js';
import { holderEndpoint } from './holder-endpoint.js';
import { probeLocks } from './probe-gateway-lock.js';

/**
 * Options of {@link probeGateway}.
 *
 * @example
 * const options: ProbeGatewayOptions = { profile: 'staging', health: { timeoutMs: 500 } };
 * console.log((await probeGateway(options)).state);
 */
export interface ProbeGatewayOptions
  extends Pick<
    GatewayLockOptions,
    | 'app'
    | 'profile'
    | 'port'
    | 'host'
    | 'configPath'
    | 'stateDir'
    | 'lockDir'
    | 'lockFile'
    | 'allowMultiple'
    | 'env'
    | 'nativeBinding'
  > {
  /**
   * Options of the health check.
   *
   * @default a GET request for /healthz with a time limit of 1000 ms
   */
  readonly health?: HealthCheckOptions | undefined;
}

/**
 * The state of a gateway, its holder and its health.
 *
 * @example
 * const probe: GatewayProbe = await probeGateway();
 * if (probe.state === 'foreign') console.log(`pid ${probe.listenerPid} uses port ${probe.port}`);
 */
export interface GatewayProbe {
  /**
   * `running`: the lock is held, and the holder listens on the port; see `health`. `starting`: the
   * lock is held, but the holder does not listen on the port yet, or no longer does. `stopped`: the
   * lock is not held, and no process listens on the port. `foreign`: the lock is not held, but
   * another program listens on the port.
   */
  readonly state: 'running' | 'starting' | 'stopped' | 'foreign';
  /**
   * The path of the held lock. If no lock is held, the path of the first lock that a gateway would
   * acquire.
   */
  readonly lockPath: string;
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
  /** The host in the holder's record, or from the options if the record contains no endpoint. */
  readonly host: string;
  /** The port in the holder's record, or from the options if the record contains no endpoint. */
  readonly port: number;
  /**
   * The pid of the process that listens on the port; null if there is none or the system does not
   * report it.
   */
  readonly listenerPid: number | null;
  /** The result of the health check; null if no process listens on the port. */
  readonly health: HealthProbe | null;
}

/**
 * Probes the lock, the port and the health of a gateway. Does not create, change or lock anything.
 *
 * @example
 * const { state, owner, health } = await probeGateway();
 * if (state === 'running') console.log(`running as pid ${owner?.pid}, healthy: ${health?.healthy}`);
 * @throws {GatewayLockError} `ERR_GATEWAY_LOCK_FAILED` if a lock cannot be probed
 * @throws {TypeError} `ERR_INVALID_ARG_*`
 * @throws {RangeError} `ERR_OUT_OF_RANGE`
 */
export async function probeGateway(options: ProbeGatewayOptions = {}): Promise<GatewayProbe> {
  checkOptions(options, { ...GATEWAY_OPTIONS, health: true });
  const { health: healthOptions = {}, ...others } = options;
  checkHealthOptions(healthOptions);
  const request = readGatewayOptions(others);
  const lock = probeLocks(request);
  // A dead owner's record is from an earlier holder, so its port is not that of the current holder.
  const known = lock.state === 'held' && lock.ownerAlive !== false ? lock : { owner: null, ownerAlive: null };
  const { host, port } = holderEndpoint({ ...known, host: request.host, port: request.port });
  const listener = port === 0 ? null : await probePort({ host, port });
  const listening = listener?.state === 'listening';
  const health = listening ? await probeHealth({ ...healthOptions, host, port }) : null;
  const { lockPath } = lock;
  const state =
    lock.state === 'held' ? heldState(known, livingHolder(lock), listener, health) : listening ? 'foreign' : 'stopped';
  return { state, lockPath, ...knownHolder(lock), host, port, listenerPid: listener?.pid ?? null, health };
}

/**
 * Returns `running` if the process that listens on the port is the holder. If the holder's record
 * contains no port, it may be another program.
 */
function heldState(
  { owner }: { owner: OwnerRecord | null },
  holderPid: number | null,
  listener: PortProbe | null,
  health: HealthProbe | null,
): GatewayProbe['state'] {
  if (listener?.state !== 'listening') return 'starting';
  const isHolder = owner?.port != null || listener.pid === null || listener.pid === holderPid || health?.healthy;
  return isHolder ? 'running' : 'starting';
}
