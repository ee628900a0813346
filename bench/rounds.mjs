// Measures in rounds: in each round, every contestant runs one small batch of calls, so that a busy
// moment affects all of them.

/**
 * Measures the time of each call of each contestant.
 *
 * @param {Contestant[]} contestants
 * @param {(contestant: Contestant, count: number) => Promise<number>} batch nanoseconds for `count`
 * calls
 * @returns {Promise<{ samples: Record<string, number[]>, missing: Record<string, string> }>}
 * samples in microseconds
 */
export async function inRounds(contestants, effort, batch) {
  const { able, missing } = await calibrate(contestants, effort, batch);
  for (const one of able) await warmUp(one, effort, batch);
  const samples = Object.fromEntries(able.map(({ contestant }) => [contestant.name, []]));
  const deadline = performance.now() + effort.seconds * 1000;
  for (let round = 0; round < effort.rounds && (round < 3 || performance.now() < deadline); round++) {
    for (const { contestant, count } of able) {
      samples[contestant.name].push((await batch(contestant, count)) / count / 1000);
    }
  }
  return { samples, missing };
}

async function warmUp({ contestant, count }, { warmSeconds }, batch) {
  const deadline = performance.now() + warmSeconds * 1000;
  while (performance.now() < deadline) await batch(contestant, count);
}

const FIRST_CALLS = [2, 8, 16, 16, 16];

/**
 * Computes how many calls of each contestant fill a batch. Uses the fastest of several attempts:
 * the slower ones were interrupted or ran code that V8 had not compiled yet.
 */
async function calibrate(contestants, { batchMs }, batch) {
  const able = [];
  const missing = {};
  for (const contestant of contestants) {
    try {
      let each = Number.POSITIVE_INFINITY;
      for (const calls of FIRST_CALLS) each = Math.min(each, (await batch(contestant, calls)) / calls);
      able.push({ contestant, count: Math.max(1, Math.round((batchMs * 1e6) / each)) });
    } catch (error) {
      missing[contestant.name] = error.message;
    }
  }
  return { able, missing };
}
