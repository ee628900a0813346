import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import { growthOf, MAX_GROWTH } from '../soak/verdict.mjs';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';

const RUN = fileURLToPath(new URL('../soak/run.mjs', import.meta.url));
const SECONDS = 10;

interface Sample {
  readonly rounds: number;
  readonly files: number;
  readonly threads: number;
  readonly rss: number;
  readonly counts: Readonly<Record<string, number>>;
}

function soak(sabotage = ''): Sample[] {
  const words = ['--expose-gc', RUN, String(SECONDS), freshDirectory(), sabotage];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const lines = stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Sample);
}

describe(`${SECONDS} s of cycles`, () => {
  beforeEach((ctx) => need(ctx, process.platform === 'linux' ? null : 'this system has no /proc/self/fd and task'));

  test('run each cycle at least once, and leave no descriptor, no thread and no memory', () => {
    const samples = soak();
    expect(Object.entries(samples.at(-1)!.counts).filter(([, count]) => count === 0)).toEqual([]);
    expect(growthOf(samples)).toEqual([]);
  });

  test('fail if each cycle leaks a descriptor', () => {
    expect(growthOf(soak('descriptors'))).toEqual([expect.stringMatching(/^files: \d+ at the start, \d+ at the end$/)]);
  });
});

describe('the verdict on the samples of a soak', () => {
  const flat = Array.from({ length: 100 }, (_, index) => ({ rounds: index, files: 20, threads: 10, rss: 70e6 }));
  const growing = (bytes: number) => flat.map((each) => ({ ...each, rss: each.rss + (each.rounds / 25) * bytes }));

  test('ignores memory that grows in the first half only, and single peaks', () => {
    expect(growthOf(flat.map((each) => ({ ...each, rss: Math.min(each.rounds, 50) * 1e6 })))).toEqual([]);
    expect(growthOf(flat.map((each) => ({ ...each, rss: each.rounds % 10 === 0 ? 200e6 : 70e6 })))).toEqual([]);
  });

  test('finds memory, threads and descriptors that grow', () => {
    expect(growthOf(growing(MAX_GROWTH * 1.1))).toEqual([expect.stringContaining('memory')]);
    expect(growthOf(growing(MAX_GROWTH * 0.9))).toEqual([]);
    const last = flat.at(-1)!;
    expect(growthOf([...flat, { ...last, threads: 11, files: 21 }])).toHaveLength(2);
  });
});
