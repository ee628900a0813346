// Timing of startSupervised(): duration and number of attempts.
import { describe, expect, test, vi } from 'vitest';
import { type SupervisedAttempt, startSupervised } from '../../src/index.js';
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

describe('an attempt of startSupervised()', () => {
  test('an attempt of startSupervised() waits up to 5 s for the lock and 10 s for the port, and fails at once if the holder listens', async () => {
    const start = starts(null);
    await startSupervised({ start, supervisor: 'systemd' });
    expect(start).toHaveBeenCalledWith({ timeoutMs: 5000, bindTimeoutMs: 10_000, whenListening: 'fail' });
  });

  test('an attempt of startSupervised() waits up to retryDelayMs from the second attempt on, even if the holder listens', async () => {
    const start = starts(locked(), locked(), null);
    await startSupervised({ start, health: answers(UNHEALTHY), supervisor: 'systemd', ...quick });
    const attempts = start.mock.calls.map(([attempt]) => attempt);
    expect(attempts.map(({ whenListening }) => whenListening)).toEqual(['fail', 'wait', 'wait']);
    expect(attempts.map(({ timeoutMs }) => timeoutMs)).toEqual([5000, 5, 5]);
    expect(attempts.map(({ bindTimeoutMs }) => bindTimeoutMs)).toEqual([10_000, 10_000, 10_000]);
  });

  test('an attempt of startSupervised() ends, together with the health check that follows, within the remaining budget', async () => {
    const [budgetMs, healthTimeoutMs] = [2000, 1000];
    const begin = performance.now();
    const start = vi.fn(async ({ timeoutMs, bindTimeoutMs }: SupervisedAttempt) => {
      const elapsed = performance.now() - begin;
      expect(timeoutMs).toBeGreaterThanOrEqual(0);
      expect(bindTimeoutMs).toBeGreaterThanOrEqual(0);
      expect(timeoutMs + bindTimeoutMs).toBeLessThan(Math.max(0, budgetMs - healthTimeoutMs - elapsed) + 500);
      // Simulates a holder that keeps the lock for the whole timeout.
      await new Promise((resolve) => setTimeout(resolve, Math.min(timeoutMs, 60)));
      throw locked();
    });
    const health = answers(UNHEALTHY);
    await failureOf(startSupervised({ start, health, supervisor: 'systemd', retryDelayMs: 100, budgetMs }));
    expect(start.mock.calls.length).toBeGreaterThan(1);
    // The 4 s cover a slow machine; one extra wait would take longer.
    expect(performance.now() - begin).toBeLessThan(budgetMs + 4000);
  });

  test('an attempt of startSupervised() does not wait for the lock with a budget of 0', async () => {
    const start = starts(locked());
    await failureOf(startSupervised({ start, health: answers(UNHEALTHY), supervisor: 'systemd', budgetMs: 0 }));
    expect(start.mock.calls).toEqual([[{ timeoutMs: 0, bindTimeoutMs: 0, whenListening: 'fail' }]]);
  });

  test.each([
    ['an infinite budget', { budgetMs: Infinity, retryDelayMs: 5 }, 5],
    ['an infinite delay and budget', { budgetMs: Infinity, retryDelayMs: Infinity }, Infinity],
  ])('an attempt of startSupervised() gets finite bind timeouts with %s', async (_, options, timeoutMs) => {
    const start = starts(locked(), null);
    await startSupervised({ start, health: answers(UNHEALTHY), supervisor: 'systemd', ...options });
    expect(start.mock.calls[1]![0]).toEqual({ timeoutMs, bindTimeoutMs: 10_000, whenListening: 'wait' });
  });

  test('an attempt of startSupervised() has finite timeouts even if the health timeout and the budget are infinite', async () => {
    const start = starts(null);
    await startSupervised({ start, health: { timeoutMs: Infinity }, supervisor: 'systemd', budgetMs: Infinity });
    expect(start).toHaveBeenCalledWith({ timeoutMs: 5000, bindTimeoutMs: 10_000, whenListening: 'fail' });
  });

  test('receives the AbortSignal of the caller', async () => {
    const { signal } = new AbortController();
    const start = starts(null);
    await startSupervised({ start, supervisor: 'systemd', signal });
    expect(start.mock.calls[0]![0].signal).toBe(signal);
  });
});

describe('startSupervised() and a healthy gateway', () => {
  test.each([0, 1, 50])('detects the healthy gateway with a budget of %d ms', async (budgetMs) => {
    const health = answers(HEALTHY);
    const outcome = await startSupervised({ start: starts(locked()), health, supervisor: 'systemd', budgetMs });
    expect(outcome).toMatchObject({ outcome: 'duplicate', exitCode: 78 });
    expect(health.mock.calls[0]![0].timeoutMs).toBe(1000);
  });

  test('detects a gateway that becomes healthy just before the budget ends', async () => {
    const begin = performance.now();
    const health = async () => (performance.now() - begin > 900 ? HEALTHY : UNHEALTHY);
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
    // The last attempt leaves time for its health check.
    expect(onDecision.mock.lastCall![0].remainingMs).toBeGreaterThan(0);
  });
});

describe('the next attempt of startSupervised()', () => {
  test('the next attempt of startSupervised() starts after retryDelayMs if the port is in use, because an attempt does not wait for a port', async () => {
    const start = starts(portInUse());
    const options = {
      start,
      health: answers(UNHEALTHY),
      supervisor: 'systemd',
      retryDelayMs: 100,
      budgetMs: 1000,
    } as const;
    await failureOf(startSupervised(options));
    // Attempts are at 0, 0, 100, ... 500 ms, as long as a health check still fits. A timer that
    // fires early adds one. A busy loop would make hundreds.
    expect(start.mock.calls.length).toBeGreaterThan(2);
    expect(start.mock.calls.length).toBeLessThan(20);
  });

  test('the next attempt of startSupervised() starts at once if the previous attempt waited retryDelayMs for the lock', async () => {
    const times: number[] = [];
    const start = vi.fn(async ({ timeoutMs }: SupervisedAttempt) => {
      times.push(performance.now());
      await new Promise((resolve) => setTimeout(resolve, Math.min(timeoutMs, 300)));
      if (times.length === 3) return GATEWAY;
      throw locked();
    });
    await startSupervised({
      start,
      health: answers(UNHEALTHY),
      supervisor: 'systemd',
      retryDelayMs: 300,
      budgetMs: 30_000,
    });
    expect(times[2]! - times[1]!).toBeGreaterThan(290);
  });

  test('the next attempt of startSupervised() does not start after 1 ms if retryDelayMs is longer than a timer allows', async () => {
    const aborting = new AbortController();
    const start = starts(portInUse());
    const running = startSupervised({
      start,
      health: answers(UNHEALTHY),
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
