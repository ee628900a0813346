// Rounds of small batches, one contestant after the other, so that a busy moment of the machine meets them all.

/**
 * Nanoseconds for each call of each contestant.
 *
 * @param {Contestant[]} contestants
 * @param {(contestant: Contestant, count: number) => Promise<number>} batch nanoseconds for `count` calls
 * @returns {Promise<{ samples: Record<string, number[]>, missing: Record<string, string> }>} samples in microseconds
 */
export async function inRounds(contestants, effort, batch) {
  const { able, missing } = await calibrate(contestants, effort, batch);
  const samples = Object.fromEntries(able.map(({ contestant }) => [contestant.name, []]));
  const deadline = performance.now() + effort.seconds * 1000;
  for (let round = 0; round < effort.rounds && (round < 3 || performance.now() < deadline); round++) {
    for (const { contestant, count } of able) {
      samples[contestant.name].push((await batch(contestant, count)) / count / 1000);
    }
  }
  return { samples, missing };
}

/** How many calls fill a batch; the first ones also warm up. */
async function calibrate(contestants, { batchMs }, batch) {
  const able = [];
  const missing = {};
  for (const contestant of contestants) {
    try {
      await batch(contestant, 2);
      const each = (await batch(contestant, 8)) / 8;
      able.push({ contestant, count: Math.max(1, Math.round((batchMs * 1e6) / each)) });
    } catch (error) {
      missing[contestant.name] = error.message;
    }
  }
  return { able, missing };
}
