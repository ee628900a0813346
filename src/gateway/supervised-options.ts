// Checks the options of startSupervised() and adds the defaults.
import {
  checkFlag,
  checkFunction,
  checkOneOf,
  checkOptions,
  checkSignal,
  checkTimeout,
  invalidType,
  type OptionNames,
} from '../arguments.js';
import type { SupervisedDecision } from '../events.js';
import { checkHealthOptions, type HealthCheckOptions, type HealthProbe, probeHealth } from '../probe/probe-health.js';
import { detectSupervisor, SUPERVISORS, type Supervisor, startsBeforeStop } from './detect-supervisor.js';

/**
 * The options of one attempt to start, to be merged into those of acquireGatewayLock().
 *
 * @example
 * const start = (attempt: SupervisedAttempt) => acquireGatewayLock({ profile: 'staging', ...attempt });
 * const started = await startSupervised({ start });
 * if (started.outcome === 'started') await started.gateway.close();
 */
export interface SupervisedAttempt {
  readonly timeoutMs: number;
  readonly bindTimeoutMs: number;
  /**
   * `fail` in the first attempt and `wait` in each later one, so that the lock is acquired as soon
   * as the running gateway dies.
   */
  readonly whenListening: 'fail' | 'wait';
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks the health of the gateway at an endpoint.
 *
 * @example
 * const health: HealthCheck = ({ host, port, timeoutMs }) => probeHealth({ host, port, path: '/live', timeoutMs });
 * const started = await startSupervised({ start: acquireGatewayLock, health });
 * if (started.outcome === 'started') await started.gateway.close();
 */
export type HealthCheck = (endpoint: { host: string; port: number; timeoutMs: number }) => Promise<HealthProbe>;

/**
 * Options of {@link startSupervised}.
 *
 * @example
 * const options: StartSupervisedOptions<GatewayLock> = { start: acquireGatewayLock, budgetMs: 60_000 };
 * const started = await startSupervised(options);
 * if (started.outcome === 'started') await started.gateway.close();
 */
export interface StartSupervisedOptions<Gateway> {
  /**
   * Starts the gateway, for example `(attempt) => acquireGatewayLock({ ...options, ...attempt })`.
   */
  readonly start: (attempt: SupervisedAttempt) => Gateway | Promise<Gateway>;
  /**
   * The supervisor that restarts this process; null if there is none.
   *
   * @default detectSupervisor()
   */
  readonly supervisor?: Supervisor | null | undefined;
  /**
   * The health check of the running gateway: options of probeHealth(), or a function.
   *
   * @default GET /healthz
   */
  readonly health?: HealthCheckOptions | HealthCheck | undefined;
  /**
   * Milliseconds from the start of one attempt to the start of the next.
   *
   * @default 5000
   */
  readonly retryDelayMs?: number | undefined;
  /**
   * Total time for all attempts in milliseconds, including lock waits and health checks. The last
   * health check may exceed the budget by up to 1000 ms, so that a healthy gateway is detected even
   * with a short budget.
   *
   * @default 30000
   */
  readonly budgetMs?: number | undefined;
  /**
   * If true, waits until a healthy gateway ends, then starts at once. Use this with launchd, which
   * ignores exit codes and would start a duplicate every 10 s (openclaw#89867).
   *
   * @default true in an app that PM2 runs in cluster mode, because `pm2 reload` stops the old
   * gateway only after it has started the new one; false otherwise
   */
  readonly park?: boolean | undefined;
  /** Aborts the start: the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called with each decision about a refused start. If it throws, startSupervised() rejects with
   * its error.
   */
  readonly onDecision?: ((decision: SupervisedDecision) => void) | undefined;
}

const OPTIONS: OptionNames<StartSupervisedOptions<unknown>> = {
  start: true,
  supervisor: true,
  health: true,
  retryDelayMs: true,
  budgetMs: true,
  park: true,
  signal: true,
  onDecision: true,
};

/** The checked options of a supervised start. */
export interface SupervisedRequest<Gateway> {
  readonly start: (attempt: SupervisedAttempt) => Gateway | Promise<Gateway>;
  readonly supervisor: Supervisor | null;
  readonly checkHealth: HealthCheck;
  readonly healthTimeoutMs: number;
  /** The part of the budget reserved for the health check after an attempt, in milliseconds. */
  readonly healthReserveMs: number;
  readonly retryDelayMs: number;
  readonly budgetMs: number;
  readonly park: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onDecision: ((decision: SupervisedDecision) => void) | undefined;
}

/**
 * @throws {TypeError} `ERR_INVALID_ARG_*`, whose message names the option
 * @throws {RangeError} `ERR_OUT_OF_RANGE`, whose message names the option
 */
export function readSupervisedOptions<Gateway>(options: StartSupervisedOptions<Gateway>): SupervisedRequest<Gateway> {
  checkOptions(options, OPTIONS);
  const { start, supervisor = detectSupervisor(), health = {} } = options;
  if (typeof start !== 'function') throw invalidType('start', 'a function', start);
  const budgetMs = checkTimeout('budgetMs', options.budgetMs ?? 30_000);
  const { checkHealth, healthTimeoutMs } = readHealth(health);
  return {
    start,
    supervisor: supervisor === null ? null : checkOneOf('supervisor', supervisor, SUPERVISORS),
    checkHealth,
    healthTimeoutMs,
    // If the budget is shorter than two health checks, half of it is reserved.
    healthReserveMs: budgetMs === Number.POSITIVE_INFINITY ? 0 : Math.min(healthTimeoutMs, budgetMs / 2),
    retryDelayMs: checkTimeout('retryDelayMs', options.retryDelayMs ?? 5000),
    budgetMs,
    park: checkFlag('park', options.park ?? startsBeforeStop(process.env)),
    signal: checkSignal(options.signal),
    onDecision: checkFunction('onDecision', options.onDecision),
  };
}

function readHealth(health: Exclude<StartSupervisedOptions<unknown>['health'], undefined>) {
  if (typeof health === 'function') return { checkHealth: health, healthTimeoutMs: 1000 };
  if (typeof health !== 'object' || health === null) throw invalidType('health', 'an object or a function', health);
  const { timeoutMs } = checkHealthOptions(health);
  const checkHealth: HealthCheck = (endpoint) => probeHealth({ ...health, ...endpoint });
  return { checkHealth, healthTimeoutMs: timeoutMs };
}
