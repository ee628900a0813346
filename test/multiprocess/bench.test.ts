import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { Contestant } from '../../bench/contestants.mjs';
import { lackOf, verdictOn } from '../../bench/targets.mjs';
import { need, whyNoPosixCompiler } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';

const MAIN = fileURLToPath(new URL('../../bench/main.mjs', import.meta.url));

const KEYS = [
  'cycle',
  'cycle_kept',
  'cycle_existing',
  'refused',
  'probe',
  'gateway',
  'handoff',
  'release_handoff',
  'idle_waiter_cpu',
  'import',
  'import_lock',
  'refused_process',
  'scale_locks',
  'scale_contenders',
  'rss_per_lock',
  'leak',
];

interface Figure {
  readonly floor: number;
  readonly ours: number;
  readonly ratio: number;
  readonly unit: string;
  readonly peers: object;
}

// The speed depends on the machine, so this test checks only that each figure was measured.
test('npm run bench measures every figure and prints it', { timeout: 240_000 }, async (ctx) => {
  need(ctx, whyNoPosixCompiler());
  const json = join(freshDirectory(), 'bench.json');
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, '--quick', '--no-peers', '--json', json]);
  const { figures } = JSON.parse(readFileSync(json, 'utf8')) as { figures: Record<string, Figure> };
  expect(Object.keys(figures)).toEqual(KEYS);
  for (const [key, { floor, ours, ratio, unit, peers }] of Object.entries(figures)) {
    for (const value of [floor, ours, ratio]) expect(Number.isFinite(value) && value > 0, key).toBe(true);
    expect(unit, key).not.toBe('');
    expect(peers, key).toEqual({});
    expect(stdout).toMatch(new RegExp(`^${key} `, 'm'));
  }
});

test.each([
  ['import', { floor: 2, ours: 3.5, peers: { fast: { value: 3 }, slow: { value: 9 } } }, 'MISSED'],
  ['import', { floor: 2, ours: 4, peers: { slow: { value: 9 } } }, 'MISSED'],
  ['import', { floor: 2, ours: 3.5, peers: { slow: { value: 9 }, none: { notMeasured: 'is no module' } } }, 'ok'],
  ['import', { floor: 2, ours: 4, peers: {} }, 'not in full'],
  ['handoff', handoff({ kills: 99, ours: 1, ours99: 2, peer: 3 }), 'not in full'],
  ['handoff', handoff({ kills: 100, ours: 1, ours99: 2 }), 'not in full'],
  ['handoff', handoff({ kills: 100, ours: 1, ours99: 2, peer: 3 }), 'ok'],
  ['handoff', handoff({ kills: 100, ours: 1, ours99: 4, peer: 3 }), 'MISSED'],
  ['handoff', handoff({ kills: 100, ours: 4, ours99: 4, peer: 3 }), 'MISSED'],
  ['scale_locks', { ratio: 1, points: [{ count: 10 }, { count: 9900 }] }, 'not in full'],
  ['scale_contenders', { ratio: 1, points: [{ count: 10 }, { count: 1000 }] }, 'ok'],
  [
    'scale_contenders',
    { ratio: 1, points: [{ count: 10 }], left: [{ count: 1000, notMeasured: 'slow' }] },
    'not in full',
  ],
  ['rss_per_lock', { ours: 1, locks: 9900 }, 'not in full'],
  ['leak', { ours: 1, descriptors: 0, cycles: 990_000 }, 'not in full'],
  ['leak', { ours: 1, descriptors: 1, cycles: 1_000_000 }, 'MISSED'],
  ['leak', { ours: 1.005, descriptors: 0, cycles: 1_000_000 }, 'ok'],
])('the benchmark judges the figure %s with the values %j as: %s', (key, figure, verdict) => {
  expect(verdictOn(key, figure)).toBe(verdict);
});

function handoff({ kills, ours, ours99, peer }: { kills: number; ours: number; ours99: number; peer?: number }) {
  const samples = { floor: Array(kills).fill(1), ours: Array(kills).fill(ours) };
  const figure = { floor: 1, ours, ratio: ours, p99: { ours: ours99 } };
  if (peer === undefined) return { ...figure, peers: {}, samples };
  return { ...figure, peers: { fast: { value: peer } }, samples: { ...samples, fast: [peer] } };
}

test('the benchmark reports the descriptor limit together with a count that the limit lowers', () => {
  const figure = { ours: 1, locks: 924, limitedBy: 'ulimit -n allows 1024 descriptors' };
  expect(lackOf('rss_per_lock', figure)).toBe('924 locks instead of 10000: ulimit -n allows 1024 descriptors');
});

test('a request to the process of a benchmarked package is rejected at once if the process has ended', async () => {
  const contestant = new Contestant('o-excl-json');
  expect(await contestant.ask('drop')).toBeGreaterThan(0);
  await contestant.kill();
  await expect(contestant.ask('drop')).rejects.toThrow('o-excl-json ended');
});

test('npm run bench names an unknown figure on its command line and exits with 2', async () => {
  const run = promisify(execFile)(process.execPath, [MAIN, '--only', 'cycle,speed']);
  await expect(run).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/unknown figure: speed\. Choose from cycle/),
  });
});
