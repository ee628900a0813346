import { expect, test } from 'vitest';
import { aheadInClusters, aheadInFigures, aheadInRestarts } from '../../bench/ahead.mjs';

test('the benchmark says for each figure who is ahead, and compares with the best peer', () => {
  const figures = {
    cycle: {
      unit: 'us',
      ours: 44.3,
      peers: { slow: { value: 50 }, 'fs-ext': { value: 4.1 }, none: { notMeasured: '' } },
    },
    import: { unit: 'ms', ours: 4.9, peers: { 'os-lock': { value: 5.2 } } },
    probe: { unit: 'us', ours: 4, peers: { even: { value: 4 } } },
    gateway: { unit: 'us', ours: 258, peers: {} },
  };
  expect(aheadInFigures(figures)).toEqual([
    'cycle: fs-ext is ahead (fs-ext 4.1 us, gateway-lock 44.3 us)',
    'import: gateway-lock is ahead (gateway-lock 4.9 ms, os-lock 5.2 ms)',
    'probe: equal (gateway-lock 4 us, even 4 us)',
    'gateway: nothing to compare',
  ]);
});

test('the benchmark compares the 99th percentile of hand-overs too, without the floor', () => {
  const samples = { floor: [1], ours: [2, 3], lockfile: [80, 100] };
  const handoff = { unit: 'ms', ours: 2.5, peers: { lockfile: { value: 90 } }, p99: {}, samples };
  expect(aheadInFigures({ handoff })[1]).toBe(
    'handoff p99: gateway-lock is ahead (gateway-lock 2.99 ms, lockfile 99.8 ms)',
  );
});

test('the benchmark compares the best of our ways to restart with the best other way', () => {
  const row = (refused: number, p50: number) => ({ refused, reset: 0, hung: 1, gapMs: { p50 } });
  const restarts = {
    '`upgrade()`': row(0, 9.7),
    '`run --restart`': row(0, 53),
    '`nginx -s reload`': row(0, 2.8),
    plain: row(143, 33),
    absent: { notMeasured: 'is not installed' },
  };
  expect(aheadInRestarts({ restarts })).toEqual([
    'restart, requests without an answer: equal (`upgrade()` 1, `nginx -s reload` 1)',
    'restart, gap p50: `nginx -s reload` is ahead (`nginx -s reload` 2.8 ms, `upgrade()` 9.7 ms)',
  ]);
});

test('the benchmark compares the cluster libraries', () => {
  const library = (ms: number) => ({
    ...{ acquireMs: { p50: ms }, releaseToWaiterMs: { p50: ms }, killToOtherHostMs: { p50: ms } },
    ...{ idleCpuPercent: ms, importMs: ms, packages: ms },
  });
  const lines = aheadInClusters({
    'gateway-lock etcd': library(2),
    'gateway-lock postgres': library(3),
    redlock: library(1),
  });
  expect(lines).toHaveLength(6);
  expect(lines[0]).toBe('cluster, acquire a free lock: redlock is ahead (redlock 1 ms, gateway-lock etcd 2 ms)');
});
