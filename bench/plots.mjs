// Draws the README's plots as SVG files, without a plotting library, which would be larger than the
// bench.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lineChart } from './line-chart.mjs';

const RESULTS = fileURLToPath(new URL('results/', import.meta.url));

export function writePlots({ handoff, release_handoff, scale_locks, scale_contenders }) {
  if (handoff) write('handoff', distribution('from SIGKILL of the holder until the waiter holds the lock', handoff));
  if (release_handoff)
    write('release-handoff', distribution('from release() until the waiter holds the lock', release_handoff));
  if (scale_locks)
    write('scale-locks', scale('locks held in one process', 'us to acquire and release one more lock', scale_locks));
  if (scale_contenders)
    write('scale-contenders', scale('processes that start at once', 'ms per process', scale_contenders));
}

function write(name, svg) {
  writeFileSync(`${RESULTS}${name}.svg`, svg);
}

/**
 * Returns a plot of the cumulative distribution of hand-over times: for each time, the share of
 * hand-overs that took no longer.
 */
function distribution(title, { samples, unit }) {
  const series = Object.entries(samples).map(([name, values]) => {
    const sorted = [...values].sort((a, b) => a - b);
    return { name: LABELS[name], points: sorted.map((value, index) => [value, (100 * (index + 1)) / sorted.length]) };
  });
  return lineChart({
    title,
    x: { label: unit, log: true },
    y: { label: '% of the hand-overs', from: 0, to: 100 },
    series,
  });
}

function scale(x, y, { points }) {
  const series = Object.entries(LABELS).map(([key, name]) => ({
    name,
    points: points.map((point) => [point.count, point[key]]),
  }));
  return lineChart({
    title: `${y}, against ${x}`,
    x: { label: x, log: true },
    y: { label: y, from: 0 },
    series,
    dots: true,
  });
}

const LABELS = { floor: 'C++', ours: 'gateway-lock' };
