import { describe, expect, test } from 'vitest';
import { RestartPolicy, STABLE_MS } from '../../src/cli/commands/run/restart-policy.js';

const KILLED = { signal: 'SIGKILL' } as const;
const NO_LIMIT = Number.POSITIVE_INFINITY;

function delays(policy: RestartPolicy, count: number, ranMs = 0): (number | null)[] {
  return Array.from({ length: count }, () => policy.delayAfter(KILLED, ranMs));
}

describe('the restart policy', () => {
  test.each([
    ['no', null, null, null],
    ['on-failure', null, 100, 100],
    ['always', 100, 100, 100],
  ] as const)('with --restart %s after exit code 0, exit code 1 and a signal', (mode, success, failure, signal) => {
    const delayAfter = (end: object) =>
      new RestartPolicy({ mode, delayMs: 100, maxRestarts: NO_LIMIT }).delayAfter(end, 0);
    expect([delayAfter({ code: 0 }), delayAfter({ code: 1 }), delayAfter(KILLED)]).toEqual([success, failure, signal]);
  });

  test('doubles the delay with each restart in a row, up to 10 s', () => {
    const policy = new RestartPolicy({ mode: 'always', delayMs: 100, maxRestarts: NO_LIMIT });
    expect(delays(policy, 9)).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    expect(delays(policy, 2000).at(-1)).toBe(10_000);
  });

  test('keeps a first delay of more than 10 s, and a delay of 0', () => {
    expect(delays(new RestartPolicy({ mode: 'always', delayMs: 20_000, maxRestarts: NO_LIMIT }), 2)).toEqual([
      20_000, 20_000,
    ]);
    expect(delays(new RestartPolicy({ mode: 'always', delayMs: 0, maxRestarts: NO_LIMIT }), 2)).toEqual([0, 0]);
  });

  test('gives up after the allowed restarts in a row', () => {
    expect(delays(new RestartPolicy({ mode: 'always', delayMs: 1, maxRestarts: 2 }), 4)).toEqual([1, 2, null, null]);
  });

  test('starts a new row after a program that ran for 10 s', () => {
    const policy = new RestartPolicy({ mode: 'always', delayMs: 1, maxRestarts: 2 });
    delays(policy, 2);
    expect(policy.delayAfter(KILLED, STABLE_MS)).toBe(1);
    expect(policy.delayAfter(KILLED, STABLE_MS - 1)).toBe(2);
    expect(policy.delayAfter(KILLED, 0)).toBe(null);
  });
});
