// Medians and their spread.

/** @param {number[]} samples of which at least one */
export function quantile(samples, q) {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (samples) => quantile(samples, 0.5);

/** Half of the samples lie between these. */
export const spread = (samples) => [rounded(quantile(samples, 0.25)), rounded(quantile(samples, 0.75))];

/** Four digits say all that a noisy machine can know. */
export const rounded = (value) => Number(value.toPrecision(4));

/**
 * A figure out of the samples of each contestant.
 *
 * @param {Record<string, number[]>} samples with `floor` and `ours`
 * @param {Record<string, string>} missing why a peer has none
 */
export function figure(unit, samples, missing = {}) {
  const { floor, ours, ...peers } = samples;
  const measured = Object.entries(peers).map(([name, values]) => [name, peerValue(values, floor)]);
  const unmeasured = Object.entries(missing).map(([name, reason]) => [name, { notMeasured: reason }]);
  return {
    floor: rounded(median(floor)),
    ours: rounded(median(ours)),
    ratio: rounded(median(ours) / median(floor)),
    unit,
    spread: { floor: spread(floor), ours: spread(ours) },
    rounds: ours.length,
    peers: Object.fromEntries([...measured, ...unmeasured]),
  };
}

function peerValue(values, floor) {
  return { value: rounded(median(values)), ratio: rounded(median(values) / median(floor)), rounds: values.length };
}
