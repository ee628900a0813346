import { expect, test } from 'vitest';
import { backoffDelays, recheckDelays } from '../../src/lock/backoff.js';

function firstDelays(count: number, random?: () => number): number[] {
  const delays = backoffDelays(random);
  return Array.from({ length: count }, () => delays.next().value);
}

test('without jitter the retry delays double from 5 ms to 250 ms and then stay at 250 ms', () => {
  expect(firstDelays(9, () => 0)).toEqual([5, 10, 20, 40, 80, 160, 250, 250, 250]);
});

test('jitter shortens a retry delay by at most half', () => {
  const shortest = firstDelays(9, () => 1);
  expect(shortest).toEqual([2.5, 5, 10, 20, 40, 80, 125, 125, 125]);
});

test('two waiters that begin together get different retry delays', () => {
  expect(firstDelays(8)).not.toEqual(firstDelays(8));
});

test('every retry delay of a long wait is between 2.5 ms and 250 ms', () => {
  for (const delayMs of firstDelays(2000)) {
    expect(delayMs).toBeGreaterThan(2.5 - Number.EPSILON);
    expect(delayMs).toBeLessThanOrEqual(250);
  }
});

test('a watched lock is tried again after 2 s, then less and less often, at least every 30 s', () => {
  const delays = recheckDelays(() => 0);
  const first = Array.from({ length: 4 }, () => delays.next().value);
  expect(first).toEqual([2000, 8000, 30_000, 30_000]);
});
