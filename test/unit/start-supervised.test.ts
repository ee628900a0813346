import { describe, expect, test, vi } from 'vitest';
import {
  type AskHealth,
  GatewayLockError,
  type GatewayLockErrorCode,
  type HealthProbe,
  LockError,
  type OwnerRecord,
  type StartSupervisedOptions,
  type SupervisedAttempt,
  type SupervisedDecision,
  type Supervisor,
  startSupervised,
} from '../../src/index.js';

const GATEWAY = { name: 'the gateway' };
const HEALTHY: HealthProbe = { healthy: true, reason: null, status: 200 };
const ILL: HealthProbe = { healthy: false, reason: 'status 503 is not 200', status: 503 };
const SUPERVISORS: Supervisor[] = ['systemd', 'launchd', 'schtasks', 'external'];
const owner: OwnerRecord = {
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

function refusal(code: GatewayLockErrorCode, details: object = {}): GatewayLockError {
  const place = { path: '/lock', owner, ownerAlive: true, host: '127.0.0.1', port: 18789, hint: 'Stop it.' };
  return new GatewayLockError(code, `refused with ${code}`, { ...place, ...details });
}

const locked = (details?: object) => refusal('ERR_GATEWAY_LOCKED', details);
const portInUse = (details?: object) =>
  refusal('ERR_GATEWAY_PORT_IN_USE', { owner: null, ownerAlive: null, ...details });

/** Refuses with each of these in turn, and with the last one for ever; null starts. */
function starts(...refusals: (Error | null)[]) {
  let calls = 0;
  return vi.fn(async (_attempt: SupervisedAttempt) => {
    const error = refusals[Math.min(calls++, refusals.length - 1)];
    if (error) throw error;
    return GATEWAY;
  });
}

function answers(...probes: HealthProbe[]) {
  let calls = 0;
  return vi.fn<AskHealth>(async () => probes[Math.min(calls++, probes.length - 1)]!);
}

/** Quick, and not so quick that a busy machine is late. */
const quick = { retryDelayMs: 5, budgetMs: 30_000 };

async function failureOf(promise: Promise<unknown>): Promise<GatewayLockError> {
  const failure = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (failure === null) throw new Error('it did not fail');
  return failure as GatewayLockError;
}

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
  expect(failure.hint).toBe('Its health answer: status 503 is not 200. Stop it.');
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

describe('a try may take', () => {
  test('5 s for a holder that starts or closes and 10 s for its socket; and fails at once beside a listening one', async () => {
    const start = starts(null);
    await startSupervised({ start, supervisor: 'systemd' });
    expect(start).toHaveBeenCalledWith({ timeoutMs: 5000, bindTimeoutMs: 10_000, whenListening: 'fail' });
  });

  test('retryDelayMs from the second one on, and then it waits beside a listening one, too', async () => {
    const start = starts(locked(), locked(), null);
    await startSupervised({ start, health: answers(ILL), supervisor: 'systemd', ...quick });
    const attempts = start.mock.calls.map(([attempt]) => attempt);
    expect(attempts.map(({ whenListening }) => whenListening)).toEqual(['fail', 'wait', 'wait']);
    expect(attempts.map(({ timeoutMs }) => timeoutMs)).toEqual([5000, 5, 5]);
    expect(attempts.map(({ bindTimeoutMs }) => bindTimeoutMs)).toEqual([10_000, 10_000, 10_000]);
  });

  test('no more than is left of the budget, both waits and the question after it together', async () => {
    const [budgetMs, questionMs] = [2000, 1000];
    const begin = performance.now();
    const start = vi.fn(async ({ timeoutMs, bindTimeoutMs }: SupervisedAttempt) => {
      const elapsed = performance.now() - begin;
      expect(timeoutMs).toBeGreaterThanOrEqual(0);
      expect(bindTimeoutMs).toBeGreaterThanOrEqual(0);
      expect(timeoutMs + bindTimeoutMs).toBeLessThan(Math.max(0, budgetMs - questionMs - elapsed) + 500);
      // A holder that stays.
      await new Promise((resolve) => setTimeout(resolve, Math.min(timeoutMs, 60)));
      throw locked();
    });
    const health = answers(ILL);
    await failureOf(startSupervised({ start, health, supervisor: 'systemd', retryDelayMs: 100, budgetMs }));
    expect(start.mock.calls.length).toBeGreaterThan(1);
    // Far less than a wait too much would be.
    expect(performance.now() - begin).toBeLessThan(budgetMs + 4000);
  });

  test('no wait at all with a budget of 0', async () => {
    const start = starts(locked());
    await failureOf(startSupervised({ start, health: answers(ILL), supervisor: 'systemd', budgetMs: 0 }));
    expect(start.mock.calls).toEqual([[{ timeoutMs: 0, bindTimeoutMs: 0, whenListening: 'fail' }]]);
  });

  test.each([
    ['budget', { budgetMs: Infinity, retryDelayMs: 5 }, 5],
    ['delay and budget', { budgetMs: Infinity, retryDelayMs: Infinity }, Infinity],
  ])('numbers that a timer understands when the %s is endless', async (_, options, timeoutMs) => {
    const start = starts(locked(), null);
    // As acquireGatewayLock() does, it does not come back before.
    await startSupervised({ start, health: answers(ILL), supervisor: 'systemd', ...options });
    expect(start.mock.calls[1]![0]).toEqual({ timeoutMs, bindTimeoutMs: 10_000, whenListening: 'wait' });
  });

  test('and numbers also when question and budget are endless', async () => {
    const start = starts(null);
    await startSupervised({ start, health: { timeoutMs: Infinity }, supervisor: 'systemd', budgetMs: Infinity });
    expect(start).toHaveBeenCalledWith({ timeoutMs: 5000, bindTimeoutMs: 10_000, whenListening: 'fail' });
  });

  test('and the signal of the caller is passed on', async () => {
    const { signal } = new AbortController();
    const start = starts(null);
    await startSupervised({ start, supervisor: 'systemd', signal });
    expect(start.mock.calls[0]![0].signal).toBe(signal);
  });
});

describe('a healthy gateway is left in control, however short the budget is', () => {
  test.each([0, 1, 50])('%d ms', async (budgetMs) => {
    const health = answers(HEALTHY);
    const outcome = await startSupervised({ start: starts(locked()), health, supervisor: 'systemd', budgetMs });
    expect(outcome).toMatchObject({ outcome: 'duplicate', exitCode: 78 });
    expect(health.mock.calls[0]![0].timeoutMs).toBe(1000);
  });

  test('also one that became so at the very end', async () => {
    const begin = performance.now();
    const health = async () => (performance.now() - begin > 900 ? HEALTHY : ILL);
    const onDecision = vi.fn();
    const outcome = await startSupervised({
      start: starts(portInUse()),
      health,
      supervisor: 'systemd',
      retryDelayMs: 10_000,
      budgetMs: 2000,
      onDecision,
    });
    expect(outcome).toMatchObject({ outcome: 'duplicate' });
    // The last try leaves the time for its question.
    expect(onDecision.mock.lastCall![0].remainingMs).toBeGreaterThan(0);
  });
});

describe('tries follow each other', () => {
  test('every retryDelayMs when the port is in the way, which cannot be waited for: no hot loop', async () => {
    const start = starts(portInUse());
    const options = { start, health: answers(ILL), supervisor: 'systemd', retryDelayMs: 100, budgetMs: 1000 } as const;
    await failureOf(startSupervised(options));
    // At 0, 0, 100, ... 500 ms, where a question still fits.
    expect(start.mock.calls.length).toBeGreaterThan(2);
    expect(start.mock.calls.length).toBeLessThan(9);
  });

  test('at once when the wait for the lock has taken that long', async () => {
    const times: number[] = [];
    const start = vi.fn(async ({ timeoutMs }: SupervisedAttempt) => {
      times.push(performance.now());
      await new Promise((resolve) => setTimeout(resolve, Math.min(timeoutMs, 300)));
      if (times.length === 3) return GATEWAY;
      throw locked();
    });
    await startSupervised({ start, health: answers(ILL), supervisor: 'systemd', retryDelayMs: 300, budgetMs: 30_000 });
    expect(times[2]! - times[1]!).toBeGreaterThan(290);
  });

  test('after retryDelayMs also when that is more than a timer takes: not after 1 ms', async () => {
    const aborting = new AbortController();
    const start = starts(portInUse());
    const running = startSupervised({
      start,
      health: answers(ILL),
      supervisor: 'systemd',
      retryDelayMs: Infinity,
      budgetMs: Infinity,
      signal: aborting.signal,
    });
    setTimeout(() => aborting.abort('enough'), 200);
    await expect(running).rejects.toBe('enough');
    expect(start).toHaveBeenCalledTimes(2);
  });
});

describe('with park, a duplicate', () => {
  const parking = { park: true, supervisor: 'launchd' } as const;

  test('waits behind a healthy gateway without a limit, and takes over', async () => {
    const start = starts(locked(), null);
    const [health, decisions] = [answers(HEALTHY), [] as string[]];
    const onDecision = ({ decision }: SupervisedDecision) => void decisions.push(decision);
    const outcome = await startSupervised({ start, health, ...parking, onDecision });
    expect(outcome).toEqual({ outcome: 'started', gateway: GATEWAY });
    expect(start.mock.calls[1]).toEqual([{ timeoutMs: Infinity, bindTimeoutMs: 10_000, whenListening: 'wait' }]);
    expect(decisions).toEqual(['park']);
  });

  test('waits also when nobody supervises', async () => {
    const start = starts(locked(), null);
    const outcome = await startSupervised({ start, health: answers(HEALTHY), park: true, supervisor: null });
    expect(outcome).toMatchObject({ outcome: 'started' });
  });

  test('is parked longer than the budget, which begins anew when the gateway is no longer healthy', async () => {
    let calls = 0;
    const start = vi.fn(async ({ timeoutMs }: SupervisedAttempt) => {
      calls++;
      if (timeoutMs === Infinity) await new Promise((resolve) => setTimeout(resolve, 300));
      if (calls === 4) return GATEWAY;
      throw locked();
    });
    const decisions: SupervisedDecision[] = [];
    const outcome = await startSupervised({
      start,
      health: answers(HEALTHY, ILL, ILL),
      ...parking,
      retryDelayMs: 1,
      budgetMs: 250,
      onDecision: (decision) => void decisions.push(decision),
    });
    expect(outcome).toMatchObject({ outcome: 'started' });
    expect(decisions.map(({ decision }) => decision)).toEqual(['park', 'retry', 'retry']);
    expect(decisions[1]!.remainingMs).toBeGreaterThan(125);
  });

  test('gives up behind one that is not healthy, like any other', async () => {
    const running = startSupervised({
      start: starts(locked()),
      health: answers(ILL),
      ...parking,
      retryDelayMs: 20,
      budgetMs: 60,
    });
    expect(await failureOf(running)).toMatchObject({ code: 'ERR_GATEWAY_LOCKED', exitCode: 1 });
  });

  test.each([0, 30_000, Infinity])(
    'does not loop behind a healthy one that has the port alone, budget %d',
    async (budgetMs) => {
      const aborting = new AbortController();
      const start = starts(portInUse());
      const running = startSupervised({
        start,
        health: answers(HEALTHY),
        ...parking,
        retryDelayMs: 100,
        budgetMs,
        signal: aborting.signal,
      });
      setTimeout(() => aborting.abort(), 450);
      await expect(running).rejects.toThrow();
      expect(start.mock.calls.length).toBeGreaterThan(2);
      expect(start.mock.calls.length).toBeLessThan(8);
    },
  );
});

describe('an abort rejects with the reason of the signal', () => {
  const reason = new Error('SIGTERM');

  test('before the first try, which is not made', async () => {
    const start = starts(null);
    await expect(startSupervised({ start, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(start).not.toHaveBeenCalled();
  });

  test('during a try that rejects with it', async () => {
    const aborting = new AbortController();
    const start = ({ signal }: SupervisedAttempt) =>
      new Promise<never>((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)));
    const running = startSupervised({ start, supervisor: 'systemd', signal: aborting.signal });
    aborting.abort(reason);
    await expect(running).rejects.toBe(reason);
  });

  test('during a try that is refused: nobody is asked any more', async () => {
    const [aborting, health] = [new AbortController(), answers(HEALTHY)];
    const start = async () => {
      aborting.abort(reason);
      throw locked();
    };
    const running = startSupervised({ start, health, supervisor: 'systemd', signal: aborting.signal });
    await expect(running).rejects.toBe(reason);
    expect(health).not.toHaveBeenCalled();
  });

  test.each([HEALTHY, ILL])('during the question, whatever the answer is', async (answer) => {
    const [aborting, onDecision] = [new AbortController(), vi.fn()];
    const health = async () => {
      aborting.abort(reason);
      return answer;
    };
    const running = startSupervised({
      start: starts(locked()),
      health,
      supervisor: 'systemd',
      onDecision,
      signal: aborting.signal,
    });
    await expect(running).rejects.toBe(reason);
    expect(onDecision).not.toHaveBeenCalled();
  });

  test('between two tries, at once', async () => {
    const [aborting, start] = [new AbortController(), starts(portInUse())];
    const running = startSupervised({
      start,
      health: answers(ILL),
      supervisor: 'systemd',
      retryDelayMs: 60_000,
      budgetMs: 600_000,
      signal: aborting.signal,
    });
    setTimeout(() => aborting.abort(reason), 50);
    await expect(running).rejects.toBe(reason);
    expect(start).toHaveBeenCalledTimes(2);
  });

  test('in onDecision', async () => {
    const aborting = new AbortController();
    const start = starts(locked());
    const onDecision = () => aborting.abort(reason);
    const running = startSupervised({
      start,
      health: answers(ILL),
      supervisor: 'systemd',
      onDecision,
      signal: aborting.signal,
    });
    await expect(running).rejects.toBe(reason);
    expect(start).toHaveBeenCalledTimes(1);
  });

  test('but a gateway that has started is not lost by it', async () => {
    const aborting = new AbortController();
    const start = async () => {
      aborting.abort(reason);
      return GATEWAY;
    };
    expect(await startSupervised({ start, signal: aborting.signal })).toEqual({ outcome: 'started', gateway: GATEWAY });
  });
});

describe('onDecision', () => {
  test('is told of each refused start: what is done, why, how it is, how often, how long still', async () => {
    const [first, second] = [locked(), portInUse()];
    const decisions: SupervisedDecision[] = [];
    await startSupervised({
      start: starts(first, second),
      health: answers(ILL, HEALTHY),
      supervisor: 'schtasks',
      ...quick,
      onDecision: (decision) => void decisions.push(decision),
    });
    const remainingMs = expect.any(Number);
    expect(decisions).toEqual([
      { decision: 'retry', supervisor: 'schtasks', error: first, health: ILL, attempts: 1, remainingMs },
      { decision: 'leave', supervisor: 'schtasks', error: second, health: HEALTHY, attempts: 2, remainingMs },
    ]);
    expect(decisions[0]!.remainingMs).toBeLessThanOrEqual(30_000);
    expect(decisions[1]!.remainingMs).toBeLessThanOrEqual(decisions[0]!.remainingMs);
  });

  test('hears of giving up, with nothing left', async () => {
    const decisions: SupervisedDecision[] = [];
    const onDecision = (decision: SupervisedDecision) => void decisions.push(decision);
    await failureOf(
      startSupervised({
        start: starts(locked()),
        health: answers(ILL),
        supervisor: 'systemd',
        budgetMs: 0,
        onDecision,
      }),
    );
    expect(decisions).toMatchObject([{ decision: 'give-up', attempts: 1, remainingMs: 0 }]);
  });

  test.each([HEALTHY, ILL])('ends the start by throwing', async (answer) => {
    const [thrown, start] = [new Error('from onDecision'), starts(locked())];
    const onDecision = () => {
      throw thrown;
    };
    await expect(startSupervised({ start, health: answers(answer), supervisor: 'systemd', onDecision })).rejects.toBe(
      thrown,
    );
    expect(start).toHaveBeenCalledTimes(1);
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
