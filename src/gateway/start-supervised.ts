// Starts a gateway under a supervisor. If a healthy gateway is already running, the new process
// exits with a code that keeps the supervisor from restarting it forever.
import { monotonicMs } from '../clock.js';
import { GatewayLockError, type OwnerRecord } from '../errors.js';
import { announce, type SupervisedDecision } from '../events.js';
import type { HealthProbe } from '../probe/probe-health.js';
import { sleep } from '../sleep.js';
import type { Supervisor } from './detect-supervisor.js';
import { gaveUpError } from './gateway-error.js';
import { DEFAULT_BIND_TIMEOUT_MS, DEFAULT_TIMEOUT_MS } from './gateway-options.js';
import { holderEndpoint } from './holder-endpoint.js';
import {
  readSupervisedOptions,
  type StartSupervisedOptions,
  type SupervisedAttempt,
  type SupervisedRequest,
} from './supervised-options.js';

/**
 * The result of {@link startSupervised}: this process started a gateway, or another one is healthy.
 *
 * @example
 * const started: SupervisedOutcome<GatewayLock> = await startSupervised({ start: acquireGatewayLock });
 * if (started.outcome === 'duplicate') process.exit(started.exitCode);
 * await started.gateway.close();
 */
export type SupervisedOutcome<Gateway> =
  | { readonly outcome: 'started'; readonly gateway: Gateway }
  | {
      readonly outcome: 'duplicate';
      /**
       * The exit code after which the supervisor does not restart this process: 78 for systemd, 0
       * for every other supervisor.
       */
      readonly exitCode: 0 | 78;
      /** The record of the holder; null if only the port is in use, or if the record names a dead process. */
      readonly owner: OwnerRecord | null;
      /** The holder, if it has inherited the lock from a dead process (Linux only). */
      readonly holderPid?: number;
      readonly health: HealthProbe;
    };

/**
 * The minimum time in milliseconds for a health check, so that an exhausted budget cannot make a
 * healthy gateway look unhealthy.
 */
const MIN_HEALTH_TIMEOUT_MS = 1000;

/**
 * Calls `start` until it succeeds, or until another gateway is running and healthy. An unhealthy
 * gateway has `budgetMs` milliseconds to become healthy or end. Without a supervisor, `start` is
 * called only once.
 *
 * @example
 * const started = await startSupervised({ start: (attempt) => acquireGatewayLock({ ...attempt }) });
 * if (started.outcome === 'duplicate') process.exit(started.exitCode);
 * await started.gateway.close();
 * @throws {GatewayLockError} if another gateway prevents the start: at once without a supervisor,
 * otherwise when the budget is exhausted, with the last attempt's error as its `cause`
 * @throws {TypeError} `ERR_INVALID_ARG_*`
 * @throws {RangeError} `ERR_OUT_OF_RANGE`
 * @throws `signal.reason` if the signal aborts
 * @throws any other error of `start`, at once
 */
export async function startSupervised<Gateway>(
  options: StartSupervisedOptions<Gateway>,
): Promise<SupervisedOutcome<Gateway>> {
  const request = readSupervisedOptions(options);
  let deadline = monotonicMs() + request.budgetMs;
  let decision: SupervisedDecision | null = null;
  for (let attempts = 1; ; attempts++) {
    request.signal?.throwIfAborted();
    const earliestNext = monotonicMs() + (decision === null ? 0 : request.retryDelayMs);
    const result = await tryToStart(request, attemptAfter(decision, request, deadline));
    if ('gateway' in result) return { outcome: 'started', gateway: result.gateway };
    const { refusal } = result;
    // Waiting for a healthy gateway to end does not use up the budget.
    if (decision?.decision === 'park') deadline = monotonicMs() + request.budgetMs;
    const health = await checkHolderHealth(refusal, request, deadline);
    decision = decide(refusal, health, request, { attempts, deadline });
    announce('gateway-lock:decision', () => decision!);
    request.onDecision?.(decision);
    if (decision.decision === 'give-up') throw giveUp(refusal, health, request);
    if (decision.decision === 'leave') return duplicate(refusal, health!, request.supervisor);
    // Prevents a busy loop, because an attempt fails at once if only the port is in use.
    const latestNext = decision.decision === 'park' ? Number.POSITIVE_INFINITY : deadline - request.healthReserveMs;
    await sleep(Math.max(0, Math.min(earliestNext, latestNext) - monotonicMs()), request.signal);
  }
}

/**
 * Calls `start` once. Returns its error if another gateway prevents the start, and rethrows any
 * other error.
 */
async function tryToStart<Gateway>(
  { start, signal }: SupervisedRequest<Gateway>,
  attempt: SupervisedAttempt,
): Promise<{ gateway: Gateway } | { refusal: GatewayLockError }> {
  try {
    return { gateway: await start(attempt) };
  } catch (error) {
    if (!(error instanceof GatewayLockError && isRefusal(error))) throw error;
    signal?.throwIfAborted();
    return { refusal: error };
  }
}

function isRefusal({ code }: GatewayLockError): boolean {
  return code === 'ERR_GATEWAY_LOCKED' || code === 'ERR_GATEWAY_PORT_IN_USE';
}

/**
 * Returns the options of the next attempt, which may use the remaining budget, minus a reserve for
 * the subsequent health check.
 */
function attemptAfter(
  decision: SupervisedDecision | null,
  { healthReserveMs, retryDelayMs, signal }: SupervisedRequest<unknown>,
  deadline: number,
): SupervisedAttempt {
  const parked = decision?.decision === 'park';
  // The first attempt has acquireGatewayLock()'s default timeout, in case another gateway is
  // starting or closing.
  const longest = decision === null ? DEFAULT_TIMEOUT_MS : retryDelayMs;
  const leftMs = Math.max(0, deadline - monotonicMs() - healthReserveMs);
  const timeoutMs = parked ? Number.POSITIVE_INFINITY : Math.min(longest, leftMs);
  const unbounded = parked || leftMs === Number.POSITIVE_INFINITY;
  return {
    timeoutMs,
    // The port is bound after the wait for the lock, so the bind gets the remaining time.
    bindTimeoutMs: unbounded ? DEFAULT_BIND_TIMEOUT_MS : Math.min(DEFAULT_BIND_TIMEOUT_MS, leftMs - timeoutMs),
    whenListening: decision === null ? 'fail' : 'wait',
    ...(signal === undefined ? {} : { signal }),
  };
}

/**
 * Checks the holder's health. Returns null without a supervisor and `park`, because the holder's
 * health is then irrelevant.
 */
async function checkHolderHealth(
  refusal: GatewayLockError,
  { supervisor, park, checkHealth, healthTimeoutMs, signal }: SupervisedRequest<unknown>,
  deadline: number,
): Promise<HealthProbe | null> {
  if (supervisor === null && !park) return null;
  const endpoint = holderEndpoint(refusal);
  // The port is 0 if this start requested any free port and the holder's record contains no port
  // yet.
  if (endpoint.port === 0) return { healthy: false, reason: 'the owner record names no port', status: null };
  const leftMs = Math.max(MIN_HEALTH_TIMEOUT_MS, deadline - monotonicMs());
  const health = await checkHealth({ ...endpoint, timeoutMs: Math.ceil(Math.min(healthTimeoutMs, leftMs)) });
  signal?.throwIfAborted();
  return health;
}

function decide(
  error: GatewayLockError,
  health: HealthProbe | null,
  { supervisor, park, healthReserveMs }: SupervisedRequest<unknown>,
  { attempts, deadline }: { attempts: number; deadline: number },
): SupervisedDecision {
  const remainingMs = Math.max(0, deadline - monotonicMs());
  const details = { supervisor, error, health, attempts, remainingMs };
  if (health?.healthy) return { decision: park ? 'park' : 'leave', ...details };
  const canRetry = health !== null && remainingMs > healthReserveMs;
  return { decision: canRetry ? 'retry' : 'give-up', ...details };
}

/**
 * Returns the outcome for a duplicate gateway. For systemd the exit code is 78 (EX_CONFIG), as in
 * OpenClaw, and the unit needs `RestartPreventExitStatus=78`. Other supervisors do not restart a
 * process that exits with code 0.
 */
function duplicate(refusal: GatewayLockError, health: HealthProbe, supervisor: Supervisor | null) {
  const { holderPid, ownerAlive } = refusal;
  const holder = holderPid === undefined ? {} : { holderPid };
  const owner = ownerAlive === false ? null : refusal.owner;
  return { outcome: 'duplicate', exitCode: supervisor === 'systemd' ? 78 : 0, owner, ...holder, health } as const;
}

function giveUp(
  refusal: GatewayLockError,
  health: HealthProbe | null,
  { budgetMs }: SupervisedRequest<unknown>,
): Error {
  return health === null ? refusal : gaveUpError(refusal, budgetMs, health.reason);
}
