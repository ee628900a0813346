// How long startSupervised() tries, and how often.
import { describe, expect, test, vi } from 'vitest';
import { type SupervisedAttempt, startSupervised } from '../../src/index.js';
import {
  answers,
  failureOf,
  GATEWAY,
  HEALTHY,
  ILL,
  locked,
  portInUse,
  quick,
  starts,
} from '../support/supervised-fakes.js';

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
    // At 0, 0, 100, ... 500 ms, where a question still fits; a timer that fires a moment early makes a try more. A hot loop
    // makes hundreds.
    expect(start.mock.calls.length).toBeGreaterThan(2);
    expect(start.mock.calls.length).toBeLessThan(20);
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
