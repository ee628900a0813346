import { describe, expect, test } from 'vitest';
import { handOverPlot, scalePlot } from '../../bench/charts.mjs';

const handOver = handOverPlot('until the lock is held', {
  unit: 'ms',
  samples: { floor: [2, 2.1, 2.2], ours: [2.7, 2.8], lockfile: [80, 120], 'proper-lockfile': [10_050] },
});
const scale = scalePlot('locks', 'time per lock', {
  unit: 'us',
  points: [
    { count: 10, floor: 18.3, ours: 23.1 },
    { count: 1000, floor: 18.4, ours: 23.6 },
  ],
});

/** Returns the texts of a chart. */
const textsOf = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]+)<\/text>/g)].map(([, text]) => text);

describe('a plot of hand-overs', () => {
  test('names every contestant, fastest first, and prints its median with a unit', () => {
    const texts = textsOf(handOver);
    expect(texts.slice(0, 4)).toEqual(['C++', 'gateway-lock', 'lockfile', 'proper-lockfile']);
    expect(texts).toEqual(expect.arrayContaining(['2.1 ms', '2.75 ms', '100 ms', '10,100 ms']));
  });

  test('has an axis with a unit and several numbers', () => {
    const texts = textsOf(handOver);
    expect(texts).toContain('until the lock is held (ms) →');
    expect(texts).toEqual(expect.arrayContaining(['10', '100', '1,000']));
  });
});

test('a plot of growth names each line, and both axes', () => {
  const texts = textsOf(scale);
  expect(texts).toEqual(expect.arrayContaining(['C++', 'gateway-lock', 'locks →', '↑ time per lock (us)']));
  expect(texts).toEqual(expect.arrayContaining(['10', '1,000', '18.3', '23.6']));
});

test.each([
  ['hand-overs', handOver],
  ['growth', scale],
])('a plot of %s is a complete file, for light and dark pages', (_, svg) => {
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" /);
  expect(svg).toMatch(/prefers-color-scheme: dark.*background: #0d1117/s);
});
