// What each figure should be, and which of its numbers that is about.

const ratio = (limit) => ({ text: `ratio <= ${limit}`, of: (figure) => figure.ratio, limit });
const flat = (limit) => ({ text: `flat within ${limit}`, of: (figure) => figure.ratio, limit });

export const TARGETS = {
  cycle: ratio(1.25),
  refused: ratio(2),
  probe: ratio(2),
  gateway: ratio(1.5),
  handoff: {
    ...ratio(1.5),
    of: (figure) => Math.max(figure.ratio, figure.p99.ratio),
    text: 'p50 and p99 ratio <= 1.5',
  },
  release_handoff: { text: '<= 0.3 ms more', of: (figure) => figure.ours - figure.floor, limit: 0.3 },
  idle_waiter_cpu: { text: '<= 0.05 %', of: (figure) => figure.ours, limit: 0.05 },
  import: { text: '<= 3 ms more', of: (figure) => figure.ours - figure.floor, limit: 3 },
  refused_process: ratio(1.3),
  scale_locks: flat(1.3),
  scale_contenders: flat(1.5),
  rss_per_lock: { text: '<= 2 KiB', of: (figure) => figure.ours, limit: 2 },
  leak: {
    text: '0 descriptors, <= 1 % growth',
    of: (figure) => (figure.descriptors === 0 ? figure.ours : 9),
    limit: 1.01,
  },
};

export const meets = (key, figure) => TARGETS[key].of(figure) <= TARGETS[key].limit;
