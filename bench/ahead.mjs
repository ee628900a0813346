// Says for each figure who is ahead. In every figure a smaller number is better.
import { quantile, rounded } from './statistics.mjs';

const OURS = 'gateway-lock';

/**
 * Returns a line for each figure of `npm run bench`.
 *
 * @returns {string[]}
 */
export function aheadInFigures(figures) {
  return Object.entries(figures).flatMap(([key, figure]) => [
    lineOf(key, figure.unit, valuesOf(figure)),
    ...(figure.p99 ? [lineOf(`${key} p99`, figure.unit, tailsOf(figure))] : []),
  ]);
}

function valuesOf({ ours, peers }) {
  const measured = Object.entries(peers).filter(([, { value }]) => value !== undefined);
  return { [OURS]: ours, ...Object.fromEntries(measured.map(([name, { value }]) => [name, value])) };
}

function tailsOf({ samples: { floor: _, ours, ...peers } }) {
  return mapValues({ [OURS]: ours, ...peers }, (times) => rounded(quantile(times, 0.99)));
}

/** Returns a line for each figure of `npm run bench -- --only restart`. */
export function aheadInRestarts({ restarts }) {
  const measured = Object.fromEntries(Object.entries(restarts).filter(([, row]) => row.notMeasured === undefined));
  const unanswered = mapValues(measured, ({ refused, reset, hung }) => refused + reset + hung);
  const gaps = mapValues(measured, ({ gapMs }) => gapMs.p50);
  return [lineOf('restart, requests without an answer', '', unanswered), lineOf('restart, gap p50', 'ms', gaps)];
}

const CLUSTER_FIGURES = {
  'acquire a free lock': ['ms', ({ acquireMs }) => acquireMs.p50],
  'release until the waiter holds': ['ms', ({ releaseToWaiterMs }) => releaseToWaiterMs.p50],
  'kill -9, waiter on another host': ['ms', ({ killToOtherHostMs }) => killToOtherHostMs.p50],
  'CPU while a lock is held': ['%', ({ idleCpuPercent }) => rounded(idleCpuPercent)],
  import: ['ms', ({ importMs }) => importMs],
  'packages to install': ['', ({ packages }) => packages],
};

/** Returns a line for each figure of `npm run bench -- --only cluster`. */
export function aheadInClusters(libraries) {
  return Object.entries(CLUSTER_FIGURES).map(([name, [unit, of]]) =>
    lineOf(`cluster, ${name}`, unit, mapValues(libraries, of)),
  );
}

/** Compares our best value with the best value of another contestant. */
function lineOf(figure, unit, values) {
  const sorted = Object.entries(values).sort(([, a], [, b]) => a - b);
  const ours = sorted.find(([name]) => isOurs(name));
  const other = sorted.find(([name]) => !isOurs(name));
  if (ours === undefined || other === undefined) return `${figure}: nothing to compare`;
  const text = ([name, value]) => [name, value, unit].join(' ').trimEnd();
  if (ours[1] === other[1]) return `${figure}: equal (${text(ours)}, ${text(other)})`;
  const [first, second] = ours[1] < other[1] ? [ours, other] : [other, ours];
  return `${figure}: ${first[0]} is ahead (${text(first)}, ${text(second)})`;
}

/** Rows of restarts are ways to restart. Ours are `upgrade()` and `run`. */
const isOurs = (name) => name.startsWith(OURS) || /^`(upgrade\(\)|run )/.test(name);

const mapValues = (object, of) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, of(value)]));
