// Turns figures into charts. Each chart is SVG text that is readable on light and dark pages.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { median, rounded } from './statistics.mjs';

const WIDTH = 700;
/** These colours are readable on both backgrounds. */
const COLOURS = { floor: '#8c959f', ours: '#e8590c', peer: '#3b82f6' };
const NAMES = { floor: 'C++', ours: 'gateway-lock' };
/**
 * The background is part of the image, because npm shows a white page even if the browser prefers
 * dark ones.
 */
const STYLE = `
svg { font: 13px system-ui, sans-serif; color: #1f2328; background: #ffffff }
@media (prefers-color-scheme: dark) { svg { color: #e6edf3; background: #0d1117 } }`;

/**
 * Returns a chart with a row for each contestant: a dot for each hand-over, a line at the median,
 * and the median as a number.
 */
export function handOverPlot(title, { samples, unit }) {
  const rows = Object.entries(samples).map(([key, times]) => ({ key, name: NAMES[key] ?? key, times }));
  const dots = rows.flatMap((row) => row.times.map((time) => ({ ...row, time })));
  const medians = rows.map((row) => ({ ...row, time: median(row.times), most: Math.max(...row.times) }));
  return chart({
    height: 70 + 30 * rows.length,
    marginLeft: 160,
    x: { label: `${title} (${unit}) →`, type: 'log', grid: true, ticks: 6, tickFormat: plain, ...axisOf(dots) },
    y: { label: null, domain: medians.sort((a, b) => a.time - b.time).map(({ name }) => name), padding: 0.3 },
    marks: [
      Plot.dot(dots, { x: 'time', y: 'name', r: 3, fill: colourOf, fillOpacity: 0.35 }),
      Plot.tickX(medians, { x: 'time', y: 'name', stroke: 'currentColor', strokeWidth: 2 }),
      Plot.text(medians, {
        ...{ x: 'most', y: 'name', text: ({ time }) => `${plain(time)} ${unit}` },
        ...{ textAnchor: 'start', dx: 10 },
      }),
    ],
  });
}

/** Returns a chart of the time against a number of locks or processes. */
export function scalePlot(count, time, { points, unit }) {
  const values = Object.keys(NAMES).flatMap((key) =>
    points.map((point) => ({ key, count: point.count, time: point[key] })),
  );
  const position = { x: 'count', y: 'time', z: 'key' };
  const last = Plot.selectLast({ ...position, text: ({ key }) => NAMES[key], fill: colourOf });
  return chart({
    height: 320,
    marginTop: 30,
    marginLeft: 60,
    marginRight: 110,
    x: {
      label: `${count} →`,
      type: 'log',
      insetLeft: 25,
      ticks: points.map(({ count }) => count),
      tickFormat: plain,
      grid: true,
    },
    y: { label: `↑ ${time} (${unit})`, zero: true, grid: true, nice: true, ticks: 6, insetTop: 10 },
    marks: [
      Plot.lineY(values, { ...position, stroke: colourOf, strokeWidth: 2 }),
      Plot.dot(values, { ...position, fill: colourOf, r: 3.5 }),
      Plot.text(values, { ...last, textAnchor: 'start', dx: 8, dy: 5, fontWeight: 'bold' }),
      Plot.text(values, { ...position, text: (value) => plain(value.time), dy: -10 }),
    ],
  });
}

/** Returns the limits of a logarithmic axis, with space for the number after the last dot. */
function axisOf(dots) {
  const times = dots.map(({ time }) => time);
  const [least, most] = [Math.min(...times), Math.max(...times)];
  return { domain: [least / 1.2, most * (most / least) ** 0.15] };
}

const colourOf = ({ key }) => COLOURS[key] ?? COLOURS.peer;

const plain = (value) => rounded(value).toLocaleString('en', { maximumSignificantDigits: 3 });

function chart(options) {
  const { document } = parseHTML('<html></html>');
  const svg = Plot.plot({ width: WIDTH, marginBottom: 45, ...options, document });
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const style = document.createElement('style');
  style.textContent = STYLE;
  svg.append(style);
  return `${svg}\n`;
}
