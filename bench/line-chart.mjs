// Draws line charts as SVG text, readable on light and dark pages.

const WIDTH = 640;
const HEIGHT = 300;
const LEFT = 64;
const RIGHT = 16;
const TOP = 34;
const BOTTOM = 48;
const COLOURS = ['#d9822b', '#2b7bd9', '#4a9d5b'];
const STYLE =
  'text { font: 12px sans-serif; fill: #24292f } .grid { stroke: #8884 } @media (prefers-color-scheme: dark) { text { fill: #d0d7de } }';

/**
 * Returns a chart as SVG text.
 *
 * @param {{ title: string, x: Axis, y: Axis, series: Series[], dots?: boolean }} chart
 * @typedef {{ name: string, points: [number, number][] }} Series
 * @typedef {{ label: string, log?: boolean, from?: number, to?: number }} Axis
 */
export function lineChart({ title, x, y, series, dots = false }) {
  const points = series.flatMap((one) => one.points);
  const across = scaleOf(
    x,
    points.map(([value]) => value),
    LEFT,
    WIDTH - RIGHT,
  );
  const up = scaleOf(
    y,
    points.map(([, value]) => value),
    HEIGHT - BOTTOM,
    TOP,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">`,
    `<style>${STYLE}</style>`,
    text(LEFT, 18, 'start', title),
    ...across.ticks.map((tick) => vertical(across.at(tick), tick)),
    ...up.ticks.map((tick) => horizontal(up.at(tick), tick)),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, 'middle', x.label),
    ...series.flatMap((one, index) => draw(one, index, across.at, up.at, dots)),
    '</svg>',
    '',
  ].join('\n');
}

function draw({ name, points }, index, across, up, dots) {
  const colour = COLOURS[index];
  const pixels = points.map(([a, b]) => [across(a).toFixed(1), up(b).toFixed(1)]);
  const line = `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${pixels.map((pixel) => pixel.join()).join(' ')}"/>`;
  const marks = dots ? pixels.map(([a, b]) => `<circle cx="${a}" cy="${b}" r="3.5" fill="${colour}"/>`) : [];
  const legend = WIDTH - RIGHT - 110 * (COLOURS.length - index);
  return [
    line,
    ...marks,
    `<rect x="${legend}" y="9" width="12" height="12" fill="${colour}"/>`,
    text(legend + 18, 19, 'start', name),
  ];
}

/**
 * Returns `at`, a function that converts a value to a position in pixels, and `ticks`, the values
 * to print along the axis.
 */
function scaleOf({ log = false, from, to }, values, low, high) {
  const [least, most] = [from ?? Math.min(...values), to ?? Math.max(...values) * (log ? 1 : 1.1)];
  const position = log ? Math.log10 : (value) => value;
  // With a single value the range would be 0.
  const width = position(most) - position(least) || 1;
  const at = (value) => low + ((position(value) - position(least)) / width) * (high - low);
  return {
    at,
    ticks: (log ? decades(least, most) : steps(least, most)).filter((tick) => tick >= least && tick <= most),
  };
}

function decades(least, most) {
  const first = Math.floor(Math.log10(least));
  const powers = Array.from({ length: Math.ceil(Math.log10(most)) - first + 1 }, (_, index) => 10 ** (first + index));
  // Adds ticks between the powers of ten if the axis covers only one or two decades.
  return most / least > 100 ? powers : powers.flatMap((power) => [power, 2 * power, 5 * power]);
}

function steps(least, most) {
  const power = 10 ** Math.floor(Math.log10(most - least));
  const step = [power / 5, power / 2, power].find((one) => (most - least) / one <= 6) ?? power * 2;
  return Array.from({ length: Math.floor((most - least) / step) + 1 }, (_, index) => least + index * step);
}

const shown = (value) => String(Number(value.toPrecision(3)));

const vertical = (at, value) =>
  `<line class="grid" x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>` +
  text(at, HEIGHT - BOTTOM + 16, 'middle', shown(value));

const horizontal = (at, value) =>
  `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at.toFixed(1)}" y2="${at.toFixed(1)}"/>` +
  text(LEFT - 6, at + 4, 'end', shown(value));

const text = (x, y, anchor, content) =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${content}</text>`;
