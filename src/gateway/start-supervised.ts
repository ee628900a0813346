// Starting under a supervisor: a duplicate leaves a healthy gateway in control, and never loops.
import { monotonicMs } from '../clock.js';
import { GatewayLockError, type OwnerRecord } from '../errors.js';
import { announce, type SupervisedDecision } from '../events.js';
import type { HealthProbe } from '../probe/probe-health.js';
import { sleep } from '../sleep.js';
import type { Supervisor } from './detect-supervisor.js';
import { gaveUpError } from './gateway-error.js';
import { DEFAULT_BIND_TIMEOUT_MS, DEFAULT_TIMEOUT_MS } from './gateway-options.js';
import { holderPlace } from './holder-endpoint.js';
import {
  readSupervisedOptions,
  type StartSupervisedOptions,
  type SupervisedAttempt,
  type SupervisedRequest,
} from './supervised-options.js';

export type SupervisedOutcome<Gateway> =
  | { readonly outcome: 'started'; readonly gateway: Gateway }
  | {
      readonly outcome: 'duplicate';
      /** What to exit with, so that the supervisor leaves it at that: 78 for systemd, 0 for the others. */
      readonly exitCode: 0 | 78;
      /** Who has the lock; null where only the port is taken. */
      readonly owner: OwnerRecord | null;
      readonly health: HealthProbe;
    };

/** A budget that is used up makes nobody unhealthy: each question gets so many milliseconds, where its own limit is not shorter. */
const SHORTEST_QUESTION_MS = 1000;

/**
 * Calls `start` until it succeeds, or until it need not: another gateway is running, and its `/healthz` says
 * that it is healthy. One that is not healthy gets `budgetMs` to become so, or to go away. Without a
 * supervisor there is one try.
 *
 * @throws {GatewayLockError} what `start` throws: at once without a supervisor, or when it is no sign of another
 *   gateway; else when the budget is used up, with the last refusal as `cause`. {TypeError|RangeError}
 *   `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE`; `signal.reason` when the signal aborts
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
    const tried = await tryToStart(request, attemptAfter(decision, request, deadline));
    if ('gateway' in tried) return { outcome: 'started', gateway: tried.gateway };
    // A holder that is waited for has used no budget: it was healthy.
    if (decision?.decision === 'park') deadline = monotonicMs() + request.budgetMs;
    const health = await askHealth(tried.refusal, request, deadline);
    decision = decide(tried.refusal, health, request, { attempts, deadline });
    announce('gateway-lock:decision', () => decision!);
    request.onDecision?.(decision);
    if (decision.decision === 'give-up') throw giveUp(tried.refusal, health, request);
    if (decision.decision === 'leave') return duplicate(tried.refusal.owner, health!, request.supervisor);
    // Not the lock was in the way, which would have been waited for, but the port.
    const latestNext = decision.decision === 'park' ? Number.POSITIVE_INFINITY : deadline - request.healthReserveMs;
    await sleep(Math.max(0, Math.min(earliestNext, latestNext) - monotonicMs()), request.signal);
  }
}

/** Only another gateway is a reason to ask further. */
async function tryToStart<Gateway>(
  { start, signal }: SupervisedRequest<Gateway>,
  attempt: SupervisedAttempt,
): Promise<{ gateway: Gateway } | { refusal: GatewayLockError }> {
  try {
    return { gateway: await start(attempt) };
  } catch (error) {
    if (!(error instanceof GatewayLockError && isOther(error))) throw error;
    signal?.throwIfAborted();
    return { refusal: error };
  }
}

function isOther({ code }: GatewayLockError): boolean {
  return code === 'ERR_GATEWAY_LOCKED' || code === 'ERR_GATEWAY_PORT_IN_USE';
}

/** What is left of the budget bounds the try, the health probe after it included. */
function attemptAfter(
  decision: SupervisedDecision | null,
  { healthReserveMs, retryDelayMs, signal }: SupervisedRequest<unknown>,
  deadline: number,
): SupervisedAttempt {
  const parked = decision?.decision === 'park';
  // The first try waits for a gateway that is starting or closing as acquireGatewayLock() does.
  const longest = decision === null ? DEFAULT_TIMEOUT_MS : retryDelayMs;
  const leftMs = Math.max(0, deadline - monotonicMs() - healthReserveMs);
  const timeoutMs = parked ? Number.POSITIVE_INFINITY : Math.min(longest, leftMs);
  const unbounded = parked || leftMs === Number.POSITIVE_INFINITY;
  return {
    timeoutMs,
    // One after the other: the bind gets what the wait for the lock leaves.
    bindTimeoutMs: unbounded ? DEFAULT_BIND_TIMEOUT_MS : Math.min(DEFAULT_BIND_TIMEOUT_MS, leftMs - timeoutMs),
    whenListening: decision === null ? 'fail' : 'wait',
    ...(signal === undefined ? {} : { signal }),
  };
}

async function askHealth(
  refusal: GatewayLockError,
  { supervisor, park, askHealth: ask, healthTimeoutMs, signal }: SupervisedRequest<unknown>,
  deadline: number,
): Promise<HealthProbe | null> {
  if (supervisor === null && !park) return null;
  const place = holderPlace(refusal);
  // We asked for any port, and the holder has none yet.
  if (place.port === 0) return { healthy: false, reason: 'it has not said its port', status: null };
  const leftMs = Math.max(SHORTEST_QUESTION_MS, deadline - monotonicMs());
  const health = await ask({ ...place, timeoutMs: Math.ceil(Math.min(healthTimeoutMs, leftMs)) });
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
  const told = { supervisor, error, health, attempts, remainingMs };
  if (health?.healthy) return { decision: park ? 'park' : 'leave', ...told };
  const another = health !== null && remainingMs > healthReserveMs;
  return { decision: another ? 'retry' : 'give-up', ...told };
}

/** BSD's EX_CONFIG, as openclaw has it: `RestartPreventExitStatus=78`. The other supervisors take 0 for an end. */
function duplicate(owner: OwnerRecord | null, health: HealthProbe, supervisor: Supervisor | null) {
  return { outcome: 'duplicate', exitCode: supervisor === 'systemd' ? 78 : 0, owner, health } as const;
}

function giveUp(
  refusal: GatewayLockError,
  health: HealthProbe | null,
  { budgetMs }: SupervisedRequest<unknown>,
): Error {
  return health === null ? refusal : gaveUpError(refusal, budgetMs, health.reason);
}
