import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { need, whyNoPosixCompiler } from '../support/capabilities.js';
import { freshDirectory } from '../support/places.js';

const MAIN = fileURLToPath(new URL('../../bench/main.mjs', import.meta.url));

const KEYS = [
  'cycle',
  'refused',
  'probe',
  'gateway',
  'handoff',
  'release_handoff',
  'idle_waiter_cpu',
  'import',
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

/** How fast anything is depends on the machine: only that it was measured is a matter of a test. */
test('the bench fills every figure, and says which target it is for', { timeout: 240_000 }, async (ctx) => {
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

test('a figure that there is not is named', async () => {
  const run = promisify(execFile)(process.execPath, [MAIN, '--only', 'cycle,speed']);
  await expect(run).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/no such figure: speed\. There are: cycle/),
  });
});
