// Computes medians, quantiles and spreads of samples.

/** @param {number[]} samples must contain at least one number */
export function quantile(samples, q) {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (samples) => quantile(samples, 0.5);

/**
 * The minimum number of samples to report the spread as quartiles. With fewer, it is the minimum
 * and maximum.
 */
const MIN_FOR_QUARTILES = 5;

/** Returns the first and third quartiles, or the minimum and maximum if there are few samples. */
export function spread(samples) {
  const outside = samples.length < MIN_FOR_QUARTILES ? 0 : 0.25;
  return [outside, 1 - outside].map((q) => rounded(quantile(samples, q)));
}

/** Rounds to four significant digits, because further digits would be noise. */
export const rounded = (value) => Number(value.toPrecision(4));

/**
 * Computes a figure from the samples of each contestant.
 *
 * @param {Record<string, number[]>} samples with `floor` and `ours`
 * @param {Record<string, string>} missing the reason why a peer was not measured
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
  const value = median(values);
  const ratio = rounded(value / median(floor));
  return { value: rounded(value), ratio, spread: spread(values), rounds: values.length };
}
