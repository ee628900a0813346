// The target of each figure. `limit` applies to the number that `of` returns, which also orders the
// runs; without a limit, only `also` decides. `lacks` returns what is missing if too little was
// measured.
import { quantile } from './statistics.mjs';

const ratio = (limit) => ({ text: `ratio <= ${limit}`, of: (figure) => figure.ratio, limit });

/** Returns a text if `count` is smaller than the target requires, otherwise null. */
const fewer = (count, wanted, what) => (count < wanted ? `${count} ${what} instead of ${wanted}` : null);

const importTarget = {
  text: '<= 1.8 ms more, and below every measured peer',
  of: (figure) => figure.ours - figure.floor,
  limit: 1.8,
  also: (figure) => isBelowPeers(figure),
  lacks: (figure) => withoutPeers(figure),
};

export const TARGETS = {
  cycle: ratio(1.25),
  cycle_kept: ratio(1.25),
  cycle_existing: ratio(1.25),
  refused: ratio(1.3),
  probe: ratio(2),
  gateway: ratio(1.15),
  handoff: {
    text: 'p50 and p99 below every measured peer, with 100 kills each or more',
    of: (figure) => figure.ratio,
    also: (figure) => isBelowPeers(figure) && figure.p99.ours < Math.min(...peerTails(figure)),
    lacks: (figure) => {
      const { floor, ours } = figure.samples;
      return fewer(Math.min(floor.length, ours.length), 100, 'kills') ?? withoutPeers(figure);
    },
  },
  release_handoff: ratio(1.3),
  idle_waiter_cpu: { text: '<= 0.006 %', of: (figure) => figure.ours, limit: 0.006 },
  import: importTarget,
  import_lock: importTarget,
  refused_process: ratio(1.08),
  scale_locks: {
    text: 'ratio <= 1.3, from 10 to 10000 locks',
    of: (figure) => figure.ratio,
    limit: 1.3,
    lacks: ({ points }) => fewer(points.at(-1).count, 10_000, 'locks'),
  },
  scale_contenders: {
    text: 'ratio <= 1.5, from 10 to 1000 processes, all measured',
    of: (figure) => figure.ratio,
    limit: 1.5,
    lacks: ({ points, left = [] }) =>
      left.map(({ count, notMeasured }) => `${count} left out, ${notMeasured}`).join('; ') ||
      fewer(points.at(-1).count, 1000, 'processes'),
  },
  rss_per_lock: {
    text: '<= 2 KiB, with 10000 locks',
    of: (figure) => figure.ours,
    limit: 2,
    lacks: ({ locks }) => fewer(locks, 10_000, 'locks'),
  },
  leak: {
    text: '0 descriptors, <= 2 % growth, after 1000000 cycles',
    of: (figure) => figure.ours,
    limit: 1.02,
    also: ({ descriptors }) => descriptors === 0,
    lacks: ({ cycles }) => fewer(cycles, 1_000_000, 'cycles'),
  },
};

const isBelowPeers = (figure) => figure.ours < Math.min(...peerValues(figure));
const withoutPeers = (figure) => fewer(peerValues(figure).length, 1, 'peers');
const peerValues = ({ peers }) => Object.values(peers).flatMap(({ value }) => (value === undefined ? [] : [value]));

/** Returns the 99th percentile of each measured peer. */
function peerTails({ samples: { floor: _floor, ours: _ours, ...peers } }) {
  return Object.values(peers).map((times) => quantile(times, 0.99));
}

/** Returns null if everything that the target requires was measured, otherwise what is missing. */
export function lackOf(key, figure) {
  const lack = TARGETS[key].lacks?.(figure) ?? null;
  return lack !== null && figure.limitedBy ? `${lack}: ${figure.limitedBy}` : lack;
}

/** Returns true if the measured values meet the target, even if too few were measured. */
function holds(key, figure) {
  const { of, limit = Number.POSITIVE_INFINITY, also = () => true } = TARGETS[key];
  return of(figure) <= limit && also(figure);
}

/** Returns the verdict on a figure: "not in full" if too little was measured, as with --quick. */
export function verdictOn(key, figure) {
  if (lackOf(key, figure) !== null) return 'not in full';
  return holds(key, figure) ? 'ok' : 'MISSED';
}

export const meets = (key, figure) => verdictOn(key, figure) === 'ok';
