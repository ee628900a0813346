// The options of startSupervised(), checked and completed.
import {
  checkFlag,
  checkFunction,
  checkOneOf,
  checkOptions,
  checkSignal,
  checkTimeout,
  invalidType,
} from '../arguments.js';
import type { SupervisedDecision } from '../events.js';
import { checkHealthQuestion, type HealthCheckOptions, type HealthProbe, probeHealth } from '../probe/probe-health.js';
import { detectSupervisor, type Supervisor } from './detect-supervisor.js';

/** Options of one attempt to start, to be spread over the options of acquireGatewayLock(). */
export interface SupervisedAttempt {
  readonly timeoutMs: number;
  readonly bindTimeoutMs: number;
  /**
   * `wait` after the first attempt, so that the lock is acquired as soon as the running gateway
   * dies.
   */
  readonly whenListening: 'fail' | 'wait';
  readonly signal?: AbortSignal;
}

/** Checks the health of the gateway at an endpoint. */
export type HealthCheck = (endpoint: { host: string; port: number; timeoutMs: number }) => Promise<HealthProbe>;

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
  readonly supervisor?: Supervisor | null;
  /**
   * The health check of the running gateway: options of probeHealth(), or a function.
   *
   * @default GET /healthz
   */
  readonly health?: HealthCheckOptions | HealthCheck;
  /**
   * Milliseconds from one attempt to the next.
   *
   * @default 5000
   */
  readonly retryDelayMs?: number;
  /**
   * Milliseconds for all attempts together, including lock waits and health checks. A health check
   * may end up to 1000 ms later, so that even a short budget detects a healthy gateway.
   *
   * @default 30000
   */
  readonly budgetMs?: number;
  /**
   * Waits until a healthy gateway ends, then starts at once. For launchd, which ignores exit codes
   * and would start a duplicate every 10 s (openclaw#89867).
   *
   * @default false
   */
  readonly park?: boolean;
  /** Ends the start: the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called with each decision about a refused start. An error that it throws ends the start. */
  readonly onDecision?: (decision: SupervisedDecision) => void;
}

/** The checked options of a supervised start. */
export interface SupervisedRequest<Gateway> {
  readonly start: (attempt: SupervisedAttempt) => Gateway | Promise<Gateway>;
  readonly supervisor: Supervisor | null;
  readonly checkHealth: HealthCheck;
  readonly healthTimeoutMs: number;
  /** The part of the budget that an attempt leaves for the health check after it. */
  readonly healthReserveMs: number;
  readonly retryDelayMs: number;
  readonly budgetMs: number;
  readonly park: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onDecision: ((decision: SupervisedDecision) => void) | undefined;
}

const SUPERVISORS = ['systemd', 'launchd', 'schtasks', 'external'] as const;

/**
 * @throws {TypeError} `ERR_INVALID_ARG_*` naming the option
 * @throws {RangeError} `ERR_OUT_OF_RANGE` naming the option
 */
export function readSupervisedOptions<Gateway>(options: StartSupervisedOptions<Gateway>): SupervisedRequest<Gateway> {
  checkOptions(options);
  const { start, supervisor = detectSupervisor(), health = {} } = options;
  if (typeof start !== 'function') throw invalidType('start', 'a function', start);
  const budgetMs = checkTimeout('budgetMs', options.budgetMs ?? 30_000);
  const { checkHealth, healthTimeoutMs } = readHealth(health);
  return {
    start,
    supervisor: supervisor === null ? null : checkOneOf('supervisor', supervisor, SUPERVISORS),
    checkHealth,
    healthTimeoutMs,
    // Half of a budget that is shorter than two health checks.
    healthReserveMs: budgetMs === Number.POSITIVE_INFINITY ? 0 : Math.min(healthTimeoutMs, budgetMs / 2),
    retryDelayMs: checkTimeout('retryDelayMs', options.retryDelayMs ?? 5000),
    budgetMs,
    park: checkFlag('park', options.park ?? false),
    signal: checkSignal(options.signal),
    onDecision: checkFunction('onDecision', options.onDecision),
  };
}

function readHealth(health: Exclude<StartSupervisedOptions<unknown>['health'], undefined>) {
  if (typeof health === 'function') return { checkHealth: health, healthTimeoutMs: 1000 };
  if (typeof health !== 'object' || health === null) throw invalidType('health', 'an object or a function', health);
  const { timeoutMs } = checkHealthQuestion(health);
  const checkHealth: HealthCheck = (endpoint) => probeHealth({ ...health, ...endpoint });
  return { checkHealth, healthTimeoutMs: timeoutMs };
}
