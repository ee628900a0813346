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
  ILL,
  locked,
  owner,
  portInUse,
  quick,
  refusal,
  SUPERVISORS,
  starts,
} from '../support/supervised-fakes.js';

describe.each<Supervisor | null>([...SUPERVISORS, null])('under %s', (supervisor) => {
  test('a start that succeeds is started, and nobody is asked', async () => {
    const [start, health, onDecision] = [starts(null), answers(HEALTHY), vi.fn()];
    const outcome = await startSupervised({ start, health, supervisor, onDecision });
    expect(outcome).toEqual({ outcome: 'started', gateway: GATEWAY });
    expect(start).toHaveBeenCalledTimes(1);
    expect([health.mock.calls, onDecision.mock.calls]).toEqual([[], []]);
  });

  test.each<[string, Error]>([
    ['a lock file that cannot be used', refusal('ERR_GATEWAY_LOCK_FAILED')],
    ['a bind that failed', refusal('ERR_GATEWAY_BIND_FAILED')],
    ['an error of the lock layer', new LockError('ERR_LOCK_TIMEOUT', 'held')],
    ['any other error', Object.assign(new Error('no config'), { code: 'ERR_GATEWAY_LOCKED' })],
  ])('%s passes at once and as it is', async (_, error) => {
    const [start, health, onDecision] = [starts(error), answers(HEALTHY), vi.fn()];
    await expect(startSupervised({ start, health, supervisor, onDecision })).rejects.toBe(error);
    expect(start).toHaveBeenCalledTimes(1);
    expect([health.mock.calls, onDecision.mock.calls]).toEqual([[], []]);
  });
});

describe.each([
  ['lock', locked()],
  ['port', portInUse()],
])('without a supervisor, when another one has the %s', (_, error) => {
  test('there is one try, no question, and the error as it is', async () => {
    const [start, health, onDecision] = [starts(error), answers(HEALTHY), vi.fn()];
    await expect(startSupervised({ start, health, supervisor: null, onDecision })).rejects.toBe(error);
    expect(start).toHaveBeenCalledTimes(1);
    expect(health).not.toHaveBeenCalled();
    expect(onDecision.mock.calls).toEqual([
      [expect.objectContaining({ decision: 'give-up', supervisor: null, error, health: null, attempts: 1 })],
    ]);
  });
});

describe.each(SUPERVISORS)('under %s, when another gateway is', (supervisor) => {
  const exitCode = supervisor === 'systemd' ? 78 : 0;

  test(`healthy, it is left in control, exit code ${exitCode}`, async () => {
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

  test('healthy on the port alone, the answer names no owner', async () => {
    const outcome = await startSupervised({ start: starts(portInUse()), health: answers(HEALTHY), supervisor });
    expect(outcome).toEqual({ outcome: 'duplicate', exitCode, owner: null, health: HEALTHY });
  });

  test('not healthy at first and healthy later, it is left in control', async () => {
    const [start, health] = [starts(locked()), answers(ILL, ILL, HEALTHY)];
    const outcome = await startSupervised({ start, health, supervisor, ...quick });
    expect(outcome).toMatchObject({ outcome: 'duplicate', exitCode });
    expect(start).toHaveBeenCalledTimes(3);
  });

  test('not healthy and goes away, this one starts', async () => {
    const start = starts(locked(), portInUse(), null);
    const outcome = await startSupervised({ start, health: answers(ILL), supervisor, ...quick });
    expect(outcome).toEqual({ outcome: 'started', gateway: GATEWAY });
    expect(start).toHaveBeenCalledTimes(3);
  });

  test('not healthy to the end of the budget, that is an error with exit code 1', async () => {
    const error = locked();
    const running = startSupervised({
      start: starts(error),
      health: answers(ILL),
      supervisor,
      retryDelayMs: 50,
      budgetMs: 200,
    });
    const failure = await failureOf(running);
    expect(failure).toBeInstanceOf(GatewayLockError);
    expect(failure).toMatchObject({ code: 'ERR_GATEWAY_LOCKED', exitCode: 1, cause: error });
  });
});

test('the last error says what was wrong, how long, who it is and what to type', async () => {
  const error = locked();
  const failure = await failureOf(
    startSupervised({
      start: starts(error),
      health: answers(ILL),
      supervisor: 'systemd',
      retryDelayMs: 20,
      budgetMs: 60,
    }),
  );
  expect(failure.message).toMatchInlineSnapshot(
    `"refused with ERR_GATEWAY_LOCKED; existing gateway did not become healthy after 60ms"`,
  );
  expect(failure.hint).toBe('Its last health check failed: status 503 is not 200. Stop it.');
  expect(failure).toMatchObject({ owner, ownerAlive: true, lockPath: '/lock', host: '127.0.0.1', port: 18789 });
  expect(failure.cause).toBe(error);
});

test('the last refusal and the last answer count', async () => {
  const last = portInUse();
  const failure = await failureOf(
    startSupervised({
      start: starts(locked(), last),
      health: answers({ ...ILL, reason: 'first' }, { ...ILL, reason: 'second' }),
      supervisor: 'launchd',
      retryDelayMs: 1000,
      budgetMs: 300,
    }),
  );
  expect(failure).toMatchObject({ code: 'ERR_GATEWAY_PORT_IN_USE', cause: last, owner: null });
  expect(failure.hint).toContain('second');
});

describe('the health of the one in the way is asked', () => {
  async function placeAsked(error: GatewayLockError): Promise<object> {
    const health = answers(HEALTHY);
    await startSupervised({ start: starts(error), health, supervisor: 'systemd' });
    const { host, port } = health.mock.calls[0]![0];
    return { host, port };
  }

  test.each<[string, GatewayLockError, object]>([
    ['at the port that its record names', locked(), { host: '127.0.0.1', port: 18790 }],
    [
      'where its record says that it listens',
      locked({ owner: { ...owner, bindHost: '::1' } }),
      { host: '::1', port: 18790 },
    ],
    [
      'at our port when its record names none',
      locked({ owner: { ...owner, port: null } }),
      { host: '127.0.0.1', port: 18789 },
    ],
    [
      'at our port when there is no record',
      locked({ owner: null, ownerAlive: null }),
      { host: '127.0.0.1', port: 18789 },
    ],
    [
      'at our port when the record is that of a dead one',
      locked({ ownerAlive: false }),
      { host: '127.0.0.1', port: 18789 },
    ],
    [
      'at its port when nobody can say whether it lives',
      locked({ ownerAlive: null }),
      { host: '127.0.0.1', port: 18790 },
    ],
    [
      'at our port when that is what is taken',
      portInUse({ owner, ownerAlive: true }),
      { host: '127.0.0.1', port: 18789 },
    ],
  ])('%s', async (_, error, place) => expect(await placeAsked(error)).toEqual(place));

  test.each([
    ['a name', 'evil.example.org'],
    ['a number', 2130706433],
    ['an object', { toString: () => '::1' }],
    ['null', null],
    ['a URL', 'http://127.0.0.1'],
    ['an empty text', ''],
    ['an address with more behind it', '127.0.0.1\r\nx: y'],
  ])('at our host when the record calls %s its host', async (_, bindHost) => {
    const error = locked({ owner: { ...owner, bindHost } });
    expect(await placeAsked(error)).toEqual({ host: '127.0.0.1', port: 18790 });
  });

  test('nowhere when we asked for any port and it has named none: then it is not healthy', async () => {
    const health = answers(HEALTHY);
    const error = locked({ owner: { ...owner, port: null }, port: 0 });
    const running = startSupervised({ start: starts(error, null), health, supervisor: 'systemd', ...quick });
    expect(await running).toMatchObject({ outcome: 'started' });
    expect(health).not.toHaveBeenCalled();
  });

  test('with the limit of its question, which is 1000 ms, or what the caller says', async () => {
    const health = answers(HEALTHY);
    await startSupervised({ start: starts(locked()), health, supervisor: 'systemd' });
    expect(health.mock.calls[0]![0].timeoutMs).toBe(1000);
  });
});

test('what a health function of the caller throws passes as it is', async () => {
  const thrown = new Error('no such question');
  const health = () => Promise.reject(thrown);
  await expect(startSupervised({ start: starts(locked()), health, supervisor: 'systemd' })).rejects.toBe(thrown);
});

test('a start that is not asynchronous will do', async () => {
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
  ['a health that is a text', { health: '/healthz' }, 'ERR_INVALID_ARG_TYPE'],
  ['a health path without a slash', { health: { path: 'healthz' } }, 'ERR_INVALID_ARG_VALUE'],
  ['a health timeout below 0', { health: { timeoutMs: -1 } }, 'ERR_OUT_OF_RANGE'],
  ['a fingerprint that is none', { health: { fingerprint256: 'AA:BB' } }, 'ERR_INVALID_ARG_VALUE'],
  ['retryDelayMs -1', { retryDelayMs: -1 }, 'ERR_OUT_OF_RANGE'],
  ['retryDelayMs as a text', { retryDelayMs: '5' }, 'ERR_INVALID_ARG_TYPE'],
  ['budgetMs NaN', { budgetMs: Number.NaN }, 'ERR_OUT_OF_RANGE'],
  ['park as a text', { park: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
  ['a signal that is none', { signal: {} }, 'ERR_INVALID_ARG_TYPE'],
  ['an onDecision that is no function', { onDecision: true }, 'ERR_INVALID_ARG_TYPE'],
])('%s is a mistake, and nothing is started', async (what, mistake, code) => {
  const start = starts(null);
  const options = mistake && what !== 'no start' ? { start, ...(mistake as object) } : mistake;
  await expect(startSupervised(options as StartSupervisedOptions<unknown>)).rejects.toMatchObject({ code });
  expect(start).not.toHaveBeenCalled();
});
