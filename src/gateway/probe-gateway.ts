// What a program asks before it starts a gateway, in place of a PID file of its own.
import { checkOptions } from '../arguments.js';
import { GatewayLockError, type OwnerRecord } from '../errors.js';
import { type LockProbe, probeTarget } from '../lock/internal.js';
import { checkHealthQuestion, type HealthCheckOptions, type HealthProbe, probeHealth } from '../probe/probe-health.js';
import { type PortProbe, probePort } from '../probe/probe-port.js';
import { lockFailedError } from './gateway-error.js';
import { type GatewayLockOptions, type GatewayRequest, readGatewayOptions } from './gateway-options.js';
import { holderPlace } from './holder-endpoint.js';
import { lockTarget } from './lock-requests.js';

export interface ProbeGatewayOptions
  extends Pick<
    GatewayLockOptions,
    'app' | 'profile' | 'port' | 'host' | 'configPath' | 'stateDir' | 'lockDir' | 'lockFile' | 'allowMultiple' | 'env'
  > {
  /** How health is asked. @default GET /healthz, 1000 ms */
  readonly health?: HealthCheckOptions;
}

export interface GatewayProbe {
  /**
   * `running`: the lock is held and its port answers; `health` says how well. `starting`: held, and nobody
   * listens yet, or no longer. `stopped`: nobody has lock or port. `foreign`: nobody has the lock, and somebody
   * else listens on the port.
   */
  readonly state: 'running' | 'starting' | 'stopped' | 'foreign';
  /** The lock that is held; else the first that would be taken. */
  readonly lockPath: string;
  readonly owner: OwnerRecord | null;
  /** null when there is no owner, or when this system cannot tell. */
  readonly ownerAlive: boolean | null;
  /** Where the holder listens, as its record says; else where this gateway would. */
  readonly host: string;
  readonly port: number;
  /** Who listens there, where the system tells. */
  readonly listenerPid: number | null;
  /** null where nobody listens. */
  readonly health: HealthProbe | null;
}

/**
 * Lock, port and health in one answer. Nothing is created, changed or kept.
 *
 * @throws {GatewayLockError} `ERR_GATEWAY_LOCK_FAILED` when a lock cannot be looked at; {TypeError|RangeError}
 *   `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE`
 */
export async function probeGateway(options: ProbeGatewayOptions = {}): Promise<GatewayProbe> {
  checkOptions(options);
  const { health: question = {}, ...place } = options;
  checkHealthQuestion(question);
  const request = readGatewayOptions(place);
  const lock = probeLocks(request);
  // A dead holder's record names a port of the past.
  const known = lock.state === 'held' && lock.ownerAlive !== false ? lock : { owner: null, ownerAlive: null };
  const { host, port } = holderPlace({ ...known, host: request.host, port: request.port });
  const listener = port === 0 ? null : await probePort({ host, port });
  const listening = listener?.state === 'listening';
  const health = listening ? await probeHealth({ ...question, host, port }) : null;
  const { lockPath, owner, ownerAlive } = lock;
  const state = lock.state === 'held' ? heldState(known, listener, health) : listening ? 'foreign' : 'stopped';
  return { state, lockPath, owner, ownerAlive, host, port, listenerPid: listener?.pid ?? null, health };
}

/** A holder that has not said where it listens may not be the one that does. */
function heldState(
  { owner }: { owner: OwnerRecord | null },
  listener: PortProbe | null,
  health: HealthProbe | null,
): GatewayProbe['state'] {
  if (listener?.state !== 'listening') return 'starting';
  const itself = owner?.port != null || listener.pid === null || listener.pid === owner?.pid || health?.healthy;
  return itself ? 'running' : 'starting';
}

/** The first that is held. */
function probeLocks(request: GatewayRequest): LockProbe & { lockPath: string } {
  const probes = request.lockPaths.map((path) => probeOne(path(), request));
  return probes.find(({ state }) => state === 'held') ?? probes[0]!;
}

function probeOne(lockPath: string, request: GatewayRequest): LockProbe & { lockPath: string } {
  try {
    return { lockPath, ...probeTarget(lockTarget(lockPath, request)) };
  } catch (error) {
    throw error instanceof GatewayLockError ? error : lockFailedError(request, lockPath, error);
  }
}
