import { expect, test } from 'vitest';
import { freshDirectory } from '../support/directories.js';
import { killLoop } from '../support/kill-loop.mjs';

// The number of kills: fewer on Windows, because a process takes 1 s to start under Wine.
const KILLS = Number(process.env['STRESS_KILLS'] ?? (process.platform === 'win32' ? 200 : 500));

test(`the lock never has two holders and is never stuck while ${KILLS} holders and waiters are killed with SIGKILL`, async () => {
  const result = await killLoop({
    directory: freshDirectory(),
    locking: true,
    contenders: 8,
    kills: KILLS,
    timeoutMs: 240_000,
  });
  const { handoverMs, ...counts } = result;
  const at = (share: number) => handoverMs[Math.floor(handoverMs.length * share)]?.toFixed(1);
  console.log({ ...counts, handoverMs: { p50: at(0.5), p99: at(0.99), of: handoverMs.length } });
  expect(result.countedTwice).toEqual([]);
  expect(result.intruders).toEqual([]);
  expect(result.deaths).toEqual([]);
  expect(result.kills).toBe(KILLS);
  // Checks that the loop killed holders, and that other processes acquired the lock after them.
  // Otherwise the loop would prove nothing.
  expect(result.killedInside).toBeGreaterThan(KILLS / 10);
  expect(result.entries).toBeGreaterThan(KILLS / 2);
  expect(result.reclaimed).toContain('owner-gone');
});

test('control: both witnesses of the kill loop report two holders at once if the processes use no lock', async () => {
  const result = await killLoop({
    directory: freshDirectory(),
    locking: false,
    contenders: 8,
    kills: KILLS,
    timeoutMs: 60_000,
  });
  expect(result.countedTwice.length).toBeGreaterThan(0);
  expect(result.intruders.length).toBeGreaterThan(0);
});
