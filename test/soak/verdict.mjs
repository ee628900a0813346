// Decides from the samples of a soak whether memory, descriptors and threads stay flat.

/**
 * The growth of the resident memory that is allowed in the second half of a run, in bytes. V8 and
 * malloc() move by a few MB while a process repeats the same calls.
 */
export const MAX_GROWTH = 8 * 1024 * 1024;

/**
 * Returns what grew, one sentence for each. Ignores the first half of the samples for the memory,
 * because V8's heap and its compiled code grow at first.
 */
export function growthOf(samples) {
  const problems = [];
  const [first] = samples;
  const last = samples.at(-1);
  for (const what of ['files', 'threads']) {
    if (last[what] > first[what]) problems.push(`${what}: ${first[what]} at the start, ${last[what]} at the end`);
  }
  const { bytes, rounds } = memoryGrowth(samples);
  if (bytes > MAX_GROWTH) problems.push(`memory: ${bytes} bytes more in ${rounds} rounds`);
  return problems;
}

/** Returns the growth between the medians of the third and of the last quarter. */
export function memoryGrowth(samples) {
  const quarter = Math.floor(samples.length / 4);
  const [third, fourth] = [samples.slice(2 * quarter, 3 * quarter), samples.slice(-quarter)];
  const of = (part, key) => median(part.map((sample) => sample[key]));
  return { bytes: of(fourth, 'rss') - of(third, 'rss'), rounds: of(fourth, 'rounds') - of(third, 'rounds') };
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
