// Waits of startSupervised(): parking, aborting, and the decisions that it reports.
import { describe, expect, test, vi } from 'vitest';
import { type SupervisedAttempt, type SupervisedDecision, startSupervised } from '../../src/index.js';
import {
  answers,
  failureOf,
  GATEWAY,
  HEALTHY,
  locked,
  portInUse,
  quick,
  starts,
  UNHEALTHY,
} from '../support/supervised-fakes.js';

describe('a duplicate gateway with the option park', () => {
  const parking = { park: true, supervisor: 'launchd' } as const;

  test('a duplicate gateway with the option park waits without a time limit until the healthy gateway ends, then starts', async () => {
    const start = starts(locked(), null);
    const [health, decisions] = [answers(HEALTHY), [] as string[]];
    const onDecision = ({ decision }: SupervisedDecision) => void decisions.push(decision);
    const outcome = await startSupervised({ start, health, ...parking, onDecision });
    expect(outcome).toEqual({ outcome: 'started', gateway: GATEWAY });
    expect(start.mock.calls[1]).toEqual([{ timeoutMs: Infinity, bindTimeoutMs: 10_000, whenListening: 'wait' }]);
    expect(decisions).toEqual(['park']);
  });

  test('a duplicate gateway with the option park waits for the healthy gateway even without a supervisor', async () => {
    const start = starts(locked(), null);
    const outcome = await startSupervised({ start, health: answers(HEALTHY), park: true, supervisor: null });
    expect(outcome).toMatchObject({ outcome: 'started' });
  });

  test('a duplicate gateway with the option park waits longer than the budget, which starts over when the running gateway becomes unhealthy', async () => {
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
      health: answers(HEALTHY, UNHEALTHY, UNHEALTHY),
      ...parking,
      retryDelayMs: 1,
      budgetMs: 250,
      onDecision: (decision) => void decisions.push(decision),
    });
    expect(outcome).toMatchObject({ outcome: 'started' });
    expect(decisions.map(({ decision }) => decision)).toEqual(['park', 'retry', 'retry']);
    expect(decisions[1]!.remainingMs).toBeGreaterThan(125);
  });

  test('gives up if the running gateway stays unhealthy', async () => {
    const running = startSupervised({
      start: starts(locked()),
      health: answers(UNHEALTHY),
      ...parking,
      retryDelayMs: 20,
      budgetMs: 60,
    });
    expect(await failureOf(running)).toMatchObject({ code: 'ERR_GATEWAY_LOCKED', exitCode: 1 });
  });

  test.each([0, 30_000, Infinity])(
    'a duplicate gateway with the option park does not loop if the healthy gateway uses only the port, with a budget of %d ms',
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

describe('startSupervised() with an AbortSignal', () => {
  const reason = new Error('SIGTERM');

  test('startSupervised() rejects with signal.reason and makes no attempt if the signal is already aborted', async () => {
    const start = starts(null);
    await expect(startSupervised({ start, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(start).not.toHaveBeenCalled();
  });

  test('startSupervised() rejects with signal.reason on an abort during an attempt that rejects with that reason', async () => {
    const aborting = new AbortController();
    const start = ({ signal }: SupervisedAttempt) =>
      new Promise<never>((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)));
    const running = startSupervised({ start, supervisor: 'systemd', signal: aborting.signal });
    aborting.abort(reason);
    await expect(running).rejects.toBe(reason);
  });

  test('startSupervised() rejects with signal.reason, without a health check, on an abort during an attempt that is refused', async () => {
    const [aborting, health] = [new AbortController(), answers(HEALTHY)];
    const start = async () => {
      aborting.abort(reason);
      throw locked();
    };
    const running = startSupervised({ start, health, supervisor: 'systemd', signal: aborting.signal });
    await expect(running).rejects.toBe(reason);
    expect(health).not.toHaveBeenCalled();
  });

  test.each([HEALTHY, UNHEALTHY])(
    'startSupervised() rejects with signal.reason on an abort during a health check with the result %o',
    async (answer) => {
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
    },
  );

  test('startSupervised() rejects with signal.reason at once on an abort between two attempts', async () => {
    const [aborting, start] = [new AbortController(), starts(portInUse())];
    const running = startSupervised({
      start,
      health: answers(UNHEALTHY),
      supervisor: 'systemd',
      retryDelayMs: 60_000,
      budgetMs: 600_000,
      signal: aborting.signal,
    });
    setTimeout(() => aborting.abort(reason), 50);
    await expect(running).rejects.toBe(reason);
    expect(start).toHaveBeenCalledTimes(2);
  });

  test('startSupervised() rejects with signal.reason if onDecision aborts the signal', async () => {
    const aborting = new AbortController();
    const start = starts(locked());
    const onDecision = () => aborting.abort(reason);
    const running = startSupervised({
      start,
      health: answers(UNHEALTHY),
      supervisor: 'systemd',
      onDecision,
      signal: aborting.signal,
    });
    await expect(running).rejects.toBe(reason);
    expect(start).toHaveBeenCalledTimes(1);
  });

  test('startSupervised() returns the gateway if the abort comes after the gateway has started', async () => {
    const aborting = new AbortController();
    const start = async () => {
      aborting.abort(reason);
      return GATEWAY;
    };
    expect(await startSupervised({ start, signal: aborting.signal })).toEqual({ outcome: 'started', gateway: GATEWAY });
  });
});

describe('onDecision', () => {
  test('onDecision is called for each refused start with the decision, error, health, attempts and remaining time', async () => {
    const [first, second] = [locked(), portInUse()];
    const decisions: SupervisedDecision[] = [];
    await startSupervised({
      start: starts(first, second),
      health: answers(UNHEALTHY, HEALTHY),
      supervisor: 'schtasks',
      ...quick,
      onDecision: (decision) => void decisions.push(decision),
    });
    const remainingMs = expect.any(Number);
    expect(decisions).toEqual([
      { decision: 'retry', supervisor: 'schtasks', error: first, health: UNHEALTHY, attempts: 1, remainingMs },
      { decision: 'leave', supervisor: 'schtasks', error: second, health: HEALTHY, attempts: 2, remainingMs },
    ]);
    expect(decisions[0]!.remainingMs).toBeLessThanOrEqual(30_000);
    expect(decisions[1]!.remainingMs).toBeLessThanOrEqual(decisions[0]!.remainingMs);
  });

  test('onDecision is called with give-up when no budget remains', async () => {
    const decisions: SupervisedDecision[] = [];
    const onDecision = (decision: SupervisedDecision) => void decisions.push(decision);
    await failureOf(
      startSupervised({
        start: starts(locked()),
        health: answers(UNHEALTHY),
        supervisor: 'systemd',
        budgetMs: 0,
        onDecision,
      }),
    );
    expect(decisions).toMatchObject([{ decision: 'give-up', attempts: 1, remainingMs: 0 }]);
  });

  test.each([HEALTHY, UNHEALTHY])('makes the start fail by an exception, with the health %o', async (answer) => {
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
