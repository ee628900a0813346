import { expect, test } from 'vitest';
import { killLoop } from '../support/kill-loop.mjs';
import { freshDirectory } from '../support/places.js';

// A process takes a second to start in Wine.
const KILLS = Number(process.env['STRESS_KILLS'] ?? (process.platform === 'win32' ? 200 : 500));

test(`${KILLS} holders and contenders killed with SIGKILL: never two inside, never a stale lock`, async () => {
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
  // Or the loop would prove nothing: holders did die inside, and their successors did get in.
  expect(result.killedInside).toBeGreaterThan(KILLS / 10);
  expect(result.entries).toBeGreaterThan(KILLS / 2);
  expect(result.reclaimed).toContain('owner-gone');
});

test('sabotage control: with locking switched off both witnesses see two inside', async () => {
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
