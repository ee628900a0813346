import { beforeEach, expect, test } from 'vitest';
import { need } from '../support/capabilities.js';
import { mixedLoop } from '../support/mixed-loop.js';
import { whyNoFlock } from '../support/other-lockers.js';
import { whyNoFcntl } from '../support/python.js';

/**
 * The duration of the loop. For 60 s, run MIXED_LOOP_SECONDS=60 npm test --
 * test/stress/mixed-loop.test.ts.
 */
const SECONDS = Number(process.env['MIXED_LOOP_SECONDS'] ?? 8);
const CONTROL_SECONDS = Math.max(SECONDS, 60);

beforeEach((ctx) => need(ctx, whyNoFlock ?? whyNoFcntl));

test(
  `this package, flock(1) and Python's flock exclude each other on one kept file for ${SECONDS} s`,
  async () => {
    const result = await mixedLoop({ keepFile: true, seconds: SECONDS });
    console.log({ ...result, doubles: result.doubles.length });
    expect(result.failures).toEqual([]);
    expect(result.doubles).toEqual([]);
    expect(result.lost).toBe(0);
    // Checks that each program acquired the lock. Otherwise the loop would prove nothing.
    const names = ['flock', 'flock-n', 'flock-w', 'ours-1', 'ours-2', 'ours-3', 'python'];
    expect(Object.keys(result.entries).sort()).toEqual(names);
  },
  (SECONDS + 60) * 1000,
);

test(
  'control: with keepFile: false, a release removes the file that flock(1) waits for, and two processes hold the lock',
  async () => {
    const result = await mixedLoop({ keepFile: false, seconds: CONTROL_SECONDS, untilDouble: true });
    console.log({ ...result, doubles: result.doubles.length });
    expect(result.failures).toEqual([]);
    expect(result.doubles.length).toBeGreaterThan(0);
  },
  (CONTROL_SECONDS + 60) * 1000,
);
