// What startSupervised() takes, checked and completed.
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

/** How long one try may take. To be spread over the options of acquireGatewayLock(). */
export interface SupervisedAttempt {
  readonly timeoutMs: number;
  readonly bindTimeoutMs: number;
  /** `wait` once that gateway was seen to be unhealthy, or is waited for: the lock is taken as soon as it dies. */
  readonly whenListening: 'fail' | 'wait';
  readonly signal?: AbortSignal;
}

export type HealthCheck = (place: { host: string; port: number; timeoutMs: number }) => Promise<HealthProbe>;

export interface StartSupervisedOptions<Gateway> {
  /** Starts the gateway: `(attempt) => acquireGatewayLock({ ...options, ...attempt })`, and what belongs to it. */
  readonly start: (attempt: SupervisedAttempt) => Gateway | Promise<Gateway>;
  /** Who starts this process again; null for nobody. @default detectSupervisor() */
  readonly supervisor?: Supervisor | null;
  /** How the other gateway is asked: the options of probeHealth(), or a function. @default GET /healthz */
  readonly health?: HealthCheckOptions | HealthCheck;
  /** Milliseconds from one try to the next. @default 5000 */
  readonly retryDelayMs?: number;
  /**
   * Milliseconds for all tries together, lock waits and health probes included. Only a health probe may end up to
   * 1000 ms later, so that no budget is too short to leave a healthy gateway in control. @default 30000
   */
  readonly budgetMs?: number;
  /**
   * Wait behind a healthy gateway until it ends, and take over at once. For launchd, which ignores exit codes
   * and would start a duplicate every 10 s (openclaw#89867). @default false
   */
  readonly park?: boolean;
  /** Ends it: the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Told of each decision about a refused start. What it throws ends the start. */
  readonly onDecision?: (decision: SupervisedDecision) => void;
}

export interface SupervisedRequest<Gateway> {
  readonly start: (attempt: SupervisedAttempt) => Gateway | Promise<Gateway>;
  readonly supervisor: Supervisor | null;
  readonly askHealth: HealthCheck;
  readonly healthTimeoutMs: number;
  /** What a try leaves of the budget for the health probe after it. */
  readonly healthReserveMs: number;
  readonly retryDelayMs: number;
  readonly budgetMs: number;
  readonly park: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onDecision: ((decision: SupervisedDecision) => void) | undefined;
}

const SUPERVISORS = ['systemd', 'launchd', 'schtasks', 'external'] as const;

/** @throws {TypeError|RangeError} `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE` naming the option */
export function readSupervisedOptions<Gateway>(options: StartSupervisedOptions<Gateway>): SupervisedRequest<Gateway> {
  checkOptions(options);
  const { start, supervisor = detectSupervisor(), health = {} } = options;
  if (typeof start !== 'function') throw invalidType('start', 'a function', start);
  const budgetMs = checkTimeout('budgetMs', options.budgetMs ?? 30_000);
  const { askHealth, healthTimeoutMs } = readHealth(health);
  return {
    start,
    supervisor: supervisor === null ? null : checkOneOf('supervisor', supervisor, SUPERVISORS),
    askHealth,
    healthTimeoutMs,
    // A budget that is shorter than a health probe is divided evenly.
    healthReserveMs: budgetMs === Number.POSITIVE_INFINITY ? 0 : Math.min(healthTimeoutMs, budgetMs / 2),
    retryDelayMs: checkTimeout('retryDelayMs', options.retryDelayMs ?? 5000),
    budgetMs,
    park: checkFlag('park', options.park ?? false),
    signal: checkSignal(options.signal),
    onDecision: checkFunction('onDecision', options.onDecision),
  };
}

function readHealth(health: Exclude<StartSupervisedOptions<unknown>['health'], undefined>) {
  if (typeof health === 'function') return { askHealth: health, healthTimeoutMs: 1000 };
  if (typeof health !== 'object' || health === null) throw invalidType('health', 'an object or a function', health);
  const { timeoutMs } = checkHealthQuestion(health);
  const askHealth: HealthCheck = (place) => probeHealth({ ...health, ...place });
  return { askHealth, healthTimeoutMs: timeoutMs };
}
