import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { GracePeriods, retryPastProbers, retryPastProbersSync } from '../../src/lock/grace-period.js';

const openFailure = (detail: string) => Object.assign(new Error('open'), { detail });

describe('retryPastProbersSync()', () => {
  test('returns the result of an attempt that is final, without a retry', () => {
    let attempts = 0;
    expect(
      retryPastProbersSync(
        () => ++attempts,
        () => 'final',
        new GracePeriods(),
      ),
    ).toBe(1);
  });

  test('retries for 20 ms from the first attempt while a prober may be the cause of the refusal', () => {
    const gracePeriods = new GracePeriods();
    const started = performance.now();
    retryPastProbersSync(
      () => null,
      () => 'prober',
      gracePeriods,
    );
    expect(performance.now() - started).toBeGreaterThan(19);
    expect(gracePeriods.isActive('prober')).toBe(false);
  });

  test('retries a transient failure until the caller decides that it is final', () => {
    let attempts = 0;
    retryPastProbersSync(
      () => ++attempts,
      (attempt) => (attempt < 10 ? 'transient' : 'final'),
      new GracePeriods(),
    );
    expect(attempts).toBe(10);
  });
});

test('retryPastProbers() rejects with the reason of the signal during a retry', async () => {
  const stop = new Error('stop');
  const abort = new AbortController();
  const retrying = retryPastProbers(
    () => null,
    () => 'transient',
    new GracePeriods(),
    abort.signal,
  );
  abort.abort(stop);
  await expect(retrying).rejects.toBe(stop);
});

describe('the grace period of a failure to open the file', () => {
  test('the grace period of a failure to open the file begins with the first failure and covers only transient failures', () => {
    const gracePeriods = new GracePeriods();
    expect(gracePeriods.shouldRetryOpen(openFailure('is a directory'))).toBe(false);
    expect(gracePeriods.openFailed).toBe(false);
    expect(gracePeriods.shouldRetryOpen(openFailure('sharing-violation'))).toBe(true);
    expect(gracePeriods.openFailed).toBe(true);
  });

  test('the grace period of a failure to open the file ends when the file is opened, without a change to the grace period for probers', async () => {
    const gracePeriods = new GracePeriods();
    gracePeriods.isActive('prober');
    gracePeriods.shouldRetryOpen(openFailure('access-denied'));
    gracePeriods.endOpenFailures();
    expect(gracePeriods.openFailed).toBe(false);
    await sleep(25);
    expect(gracePeriods.isActive('prober')).toBe(false);
  });

  test.each(['prober', 'late-release'])(
    'the grace period of a failure to open the file does not begin at an error with the detail %s',
    (detail) => {
      expect(new GracePeriods().shouldRetryOpen(openFailure(detail))).toBe(false);
    },
  );
});
