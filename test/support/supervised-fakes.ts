// Fakes for the tests of startSupervised(): gateways, refusals, starts and health checks.
import { vi } from 'vitest';
import {
  GatewayLockError,
  type GatewayLockErrorCode,
  type HealthCheck,
  type HealthProbe,
  type OwnerRecord,
  type SupervisedAttempt,
  type Supervisor,
} from '../../src/index.js';

export const GATEWAY = { name: 'the gateway' };
export const HEALTHY: HealthProbe = { healthy: true, reason: null, status: 200 };
export const UNHEALTHY: HealthProbe = { healthy: false, reason: 'status 503 is not 200', status: 503 };
export const SUPERVISORS: Supervisor[] = ['systemd', 'launchd', 'schtasks', 'external'];
export const owner: OwnerRecord = {
  pid: 4242,
  startTime: 1,
  bootId: null,
  pidNamespace: null,
  host: 'here',
  createdAt: null,
  ownerId: null,
  kernelLock: true,
  port: 18790,
};

/** Creates the error of a refused start. */
export function refusal(code: GatewayLockErrorCode, details: object = {}): GatewayLockError {
  const subject = { path: '/lock', owner, ownerAlive: true, host: '127.0.0.1', port: 18789, hint: 'Stop it.' };
  return new GatewayLockError(code, `refused with ${code}`, { ...subject, ...details });
}

export const locked = (details?: object) => refusal('ERR_GATEWAY_LOCKED', details);
export const portInUse = (details?: object) =>
  refusal('ERR_GATEWAY_PORT_IN_USE', { owner: null, ownerAlive: null, ...details });

/**
 * Returns a start function that fails with each error in turn, then repeats the last one. Null
 * means success.
 */
export function starts(...refusals: (Error | null)[]) {
  let calls = 0;
  return vi.fn(async (_attempt: SupervisedAttempt) => {
    const error = refusals[Math.min(calls++, refusals.length - 1)];
    if (error) throw error;
    return GATEWAY;
  });
}

/** Returns a health check that returns each result in turn, then repeats the last one. */
export function answers(...probes: HealthProbe[]) {
  let calls = 0;
  return vi.fn<HealthCheck>(async () => probes[Math.min(calls++, probes.length - 1)]!);
}

/** Options with short delays that are still long enough for a busy machine. */
export const quick = { retryDelayMs: 5, budgetMs: 30_000 };

/** Returns the error with which a promise must reject. */
export async function failureOf(promise: Promise<unknown>): Promise<GatewayLockError> {
  const failure = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (failure === null) throw new Error('the promise did not reject');
  return failure as GatewayLockError;
}
