import { describe, expect, test, vi } from 'vitest';
import {
  GatewayLockError,
  LockError,
  type StartSupervisedOptions,
  type Supervisor,
  startSupervised,
} from '../../src/index.js';
import {
  answers,
  failureOf,
  GATEWAY,
  HEALTHY,
  locked,
  owner,
  portInUse,
  quick,
  refusal,
  SUPERVISORS,
  starts,
  UNHEALTHY,
} from '../support/supervised-fakes.js';

describe.each<Supervisor | null>([...SUPERVISORS, null])('with the supervisor %s', (supervisor) => {
  test('startSupervised() returns the gateway of a successful start, without a health check', async () => {
    const [start, health, onDecision] = [starts(null), answers(HEALTHY), vi.fn()];
    const outcome = await startSupervised({ start, health, supervisor, onDecision });
    expect(outcome).toEqual({ outcome: 'started', gateway: GATEWAY });
    expect(start).toHaveBeenCalledTimes(1);
    expect([health.mock.calls, onDecision.mock.calls]).toEqual([[], []]);
  });

  test.each<[string, Error]>([
    ['a lock file that cannot be used', refusal('ERR_GATEWAY_LOCK_FAILED')],
    ['a failed bind', refusal('ERR_GATEWAY_BIND_FAILED')],
    ['an error of the lock layer', new LockError('ERR_LOCK_TIMEOUT', 'held')],
    ['any other error', Object.assign(new Error('no config'), { code: 'ERR_GATEWAY_LOCKED' })],
  ])('startSupervised() rejects at once with the same error after %s', async (_, error) => {
    const [start, health, onDecision] = [starts(error), answers(HEALTHY), vi.fn()];
    await expect(startSupervised({ start, health, supervisor, onDecision })).rejects.toBe(error);
    expect(start).toHaveBeenCalledTimes(1);
    expect([health.mock.calls, onDecision.mock.calls]).toEqual([[], []]);
  });
});

describe.each([
  ['holds the lock', locked()],
  ['uses the port', portInUse()],
])('without a supervisor, if another gateway %s', (_, error) => {
  test('without a supervisor, startSupervised() makes one attempt without a health check and rejects with its error', async () => {
    const [start, health, onDecision] = [starts(error), answers(HEALTHY), vi.fn()];
    await expect(startSupervised({ start, health, supervisor: null, onDecision })).rejects.toBe(error);
    expect(start).toHaveBeenCalledTimes(1);
    expect(health).not.toHaveBeenCalled();
    expect(onDecision.mock.calls).toEqual([
      [expect.objectContaining({ decision: 'give-up', supervisor: null, error, health: null, attempts: 1 })],
    ]);
  });
});

describe.each(SUPERVISORS)('under %s, another gateway', (supervisor) => {
  const exitCode = supervisor === 'systemd' ? 78 : 0;

  test(`a healthy gateway ends this start with exit code ${exitCode}`, async () => {
    const [start, health] = [starts(locked()), answers(HEALTHY)];
    expect(await startSupervised({ start, health, supervisor })).toEqual({
      outcome: 'duplicate',
      exitCode,
      owner,
      health: HEALTHY,
    });
    expect(start).toHaveBeenCalledTimes(1);
    expect(health).toHaveBeenCalledTimes(1);
  });

  test('a healthy gateway that only uses the port is reported without an owner', async () => {
    const outcome = await startSupervised({ start: starts(portInUse()), health: answers(HEALTHY), supervisor });
    expect(outcome).toEqual({ outcome: 'duplicate', exitCode, owner: null, health: HEALTHY });
  });

  test('an unhealthy gateway that becomes healthy ends this start', async () => {
    const [start, health] = [starts(locked()), answers(UNHEALTHY, UNHEALTHY, HEALTHY)];
    const outcome = await startSupervised({ start, health, supervisor, ...quick });
    expect(outcome).toMatchObject({ outcome: 'duplicate', exitCode });
    expect(start).toHaveBeenCalledTimes(3);
  });

  test('this gateway starts after an unhealthy gateway has ended', async () => {
    const start = starts(locked(), portInUse(), null);
    const outcome = await startSupervised({ start, health: answers(UNHEALTHY), supervisor, ...quick });
    expect(outcome).toEqual({ outcome: 'started', gateway: GATEWAY });
    expect(start).toHaveBeenCalledTimes(3);
  });

  test('this start fails with exit code 1 if the other gateway stays unhealthy until the budget ends', async () => {
    const error = locked();
    const running = startSupervised({
      start: starts(error),
      health: answers(UNHEALTHY),
      supervisor,
      retryDelayMs: 50,
      budgetMs: 200,
    });
    const failure = await failureOf(running);
    expect(failure).toBeInstanceOf(GatewayLockError);
    expect(failure).toMatchObject({ code: 'ERR_GATEWAY_LOCKED', exitCode: 1, cause: error });
  });
});

test('the final error contains the health reason, the budget, the owner and the hint of the refusal', async () => {
  const error = locked();
  const failure = await failureOf(
    startSupervised({
      start: starts(error),
      health: answers(UNHEALTHY),
      supervisor: 'systemd',
      retryDelayMs: 20,
      budgetMs: 60,
    }),
  );
  expect(failure.message).toMatchInlineSnapshot(
    `"refused with ERR_GATEWAY_LOCKED; existing gateway did not become healthy after 60ms"`,
  );
  expect(failure.hint).toBe('The last health check failed: status 503 is not 200. Stop it.');
  expect(failure).toMatchObject({ owner, ownerAlive: true, lockPath: '/lock', host: '127.0.0.1', port: 18789 });
  expect(failure.cause).toBe(error);
});

test('the final error contains the last refusal and the last health reason', async () => {
  const last = portInUse();
  const failure = await failureOf(
    startSupervised({
      start: starts(locked(), last),
      health: answers({ ...UNHEALTHY, reason: 'first' }, { ...UNHEALTHY, reason: 'second' }),
      supervisor: 'launchd',
      retryDelayMs: 1000,
      budgetMs: 300,
    }),
  );
  expect(failure).toMatchObject({ code: 'ERR_GATEWAY_PORT_IN_USE', cause: last, owner: null });
  expect(failure.hint).toContain('second');
});

describe('the health check', () => {
  async function checkedEndpoint(error: GatewayLockError): Promise<object> {
    const health = answers(HEALTHY);
    await startSupervised({ start: starts(error), health, supervisor: 'systemd' });
    const { host, port } = health.mock.calls[0]![0];
    return { host, port };
  }

  test.each<[string, GatewayLockError, object]>([
    ['uses the port in the record', locked(), { host: '127.0.0.1', port: 18790 }],
    ['uses the host in the record', locked({ owner: { ...owner, bindHost: '::1' } }), { host: '::1', port: 18790 }],
    [
      'uses our port if the record names none',
      locked({ owner: { ...owner, port: null } }),
      { host: '127.0.0.1', port: 18789 },
    ],
    [
      'uses our port if there is no record',
      locked({ owner: null, ownerAlive: null }),
      { host: '127.0.0.1', port: 18789 },
    ],
    [
      'uses our port if the owner in the record is dead',
      locked({ ownerAlive: false }),
      { host: '127.0.0.1', port: 18789 },
    ],
    [
      'uses the port in the record if it is unknown whether the owner is alive',
      locked({ ownerAlive: null }),
      { host: '127.0.0.1', port: 18790 },
    ],
    [
      'uses our port if that port is in use',
      portInUse({ owner, ownerAlive: true }),
      { host: '127.0.0.1', port: 18789 },
    ],
  ])('%s', async (_, error, endpoint) => expect(await checkedEndpoint(error)).toEqual(endpoint));

  test.each([
    ['a name', 'evil.example.org'],
    ['a number', 2130706433],
    ['an object', { toString: () => '::1' }],
    ['null', null],
    ['a URL', 'http://127.0.0.1'],
    ['an empty string', ''],
    ['an address followed by other text', '127.0.0.1\r\nx: y'],
  ])('the health check uses our host if the host in the record is %s', async (_, bindHost) => {
    const error = locked({ owner: { ...owner, bindHost } });
    expect(await checkedEndpoint(error)).toEqual({ host: '127.0.0.1', port: 18790 });
  });

  test('the health check is skipped and counts as failed if neither the options nor the record name a port', async () => {
    const health = answers(HEALTHY);
    const error = locked({ owner: { ...owner, port: null }, port: 0 });
    const running = startSupervised({ start: starts(error, null), health, supervisor: 'systemd', ...quick });
    expect(await running).toMatchObject({ outcome: 'started' });
    expect(health).not.toHaveBeenCalled();
  });

  test('times out after 1000 ms by default', async () => {
    const health = answers(HEALTHY);
    await startSupervised({ start: starts(locked()), health, supervisor: 'systemd' });
    expect(health.mock.calls[0]![0].timeoutMs).toBe(1000);
  });
});

test('startSupervised() rejects with an error that the health function throws', async () => {
  const thrown = new Error('from the health function');
  const health = () => Promise.reject(thrown);
  await expect(startSupervised({ start: starts(locked()), health, supervisor: 'systemd' })).rejects.toBe(thrown);
});

test('startSupervised() accepts a synchronous start function', async () => {
  expect(await startSupervised({ start: () => GATEWAY })).toEqual({ outcome: 'started', gateway: GATEWAY });
  const start = () => {
    throw locked();
  };
  expect(await startSupervised({ start, health: answers(HEALTHY), supervisor: 'systemd' })).toMatchObject({
    exitCode: 78,
  });
});

test.each<[string, unknown, string]>([
  ['no options', undefined, 'ERR_INVALID_ARG_TYPE'],
  ['null', null, 'ERR_INVALID_ARG_TYPE'],
  ['no start', {}, 'ERR_INVALID_ARG_TYPE'],
  ['a start that is a promise', { start: Promise.resolve() }, 'ERR_INVALID_ARG_TYPE'],
  ['an unknown supervisor', { supervisor: 'upstart' }, 'ERR_INVALID_ARG_VALUE'],
  ['a health that is null', { health: null }, 'ERR_INVALID_ARG_TYPE'],
  ['a health that is a string', { health: '/healthz' }, 'ERR_INVALID_ARG_TYPE'],
  ['a health path without a slash', { health: { path: 'healthz' } }, 'ERR_INVALID_ARG_VALUE'],
  ['a health timeout below 0', { health: { timeoutMs: -1 } }, 'ERR_OUT_OF_RANGE'],
  ['an invalid fingerprint', { health: { fingerprint256: 'AA:BB' } }, 'ERR_INVALID_ARG_VALUE'],
  ['a retryDelayMs of -1', { retryDelayMs: -1 }, 'ERR_OUT_OF_RANGE'],
  ['a retryDelayMs that is a string', { retryDelayMs: '5' }, 'ERR_INVALID_ARG_TYPE'],
  ['a budgetMs of NaN', { budgetMs: Number.NaN }, 'ERR_OUT_OF_RANGE'],
  ['a park that is a string', { park: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
  ['a signal that is not an AbortSignal', { signal: {} }, 'ERR_INVALID_ARG_TYPE'],
  ['an onDecision that is not a function', { onDecision: true }, 'ERR_INVALID_ARG_TYPE'],
])('startSupervised() rejects %s before it starts anything', async (what, mistake, code) => {
  const start = starts(null);
  const options = mistake && what !== 'no start' ? { start, ...(mistake as object) } : mistake;
  await expect(startSupervised(options as StartSupervisedOptions<unknown>)).rejects.toMatchObject({ code });
  expect(start).not.toHaveBeenCalled();
});
