// Measures the memory used by a held lock, and the memory still allocated after a million lock
// cycles.
import { withContestants } from '../contestants.mjs';
import { figure, rounded } from '../statistics.mjs';
import { freshDirectory, freshPath } from '../temporary.mjs';

const NOT_OURS = 'keeps other data than a path, a record and a handle';

const WARM_CYCLES = 5000;

/** Measures the KiB of resident memory per held lock. Each round uses new processes. */
export async function rss_per_lock({ effort, peers }) {
  const locks = effort.heldLocks.at(-1);
  const samples = { floor: [], ours: [] };
  for (let round = 0; round < effort.memoryRounds; round++) {
    await withContestants(['floor', 'ours'], async (contestants) => {
      for (const one of contestants) samples[one.name].push(await kibPerLock(one, locks));
    });
  }
  return { ...figure('KiB', samples, everyPeer(peers)), locks, limitedBy: effort.limitedBy };
}

async function kibPerLock(one, locks) {
  // Runs some cycles first, so as not to measure the growth of V8's young generation.
  await one.ask('cycle', WARM_CYCLES, freshPath());
  const before = await one.ask('memory');
  await one.ask('fill', locks, freshDirectory());
  return Math.max(((await one.ask('memory')) - before) / locks / 1024, 1e-3);
}

/**
 * Measures the ratio of resident memory after and before many lock cycles. `descriptors` is the
 * number of descriptors that the cycles added.
 */
export async function leak({ effort, peers }) {
  return withContestants(['floor', 'ours'], async ([floor, ours]) => {
    const [floorGrowth, oursGrowth] = await Promise.all([cycles(floor, effort), cycles(ours, effort)]);
    const { growth, descriptors, done, grownBytes } = oursGrowth;
    const result = figure('RSS after / before', { floor: [floorGrowth.growth], ours: [growth] }, everyPeer(peers));
    return { ...result, descriptors, cycles: done, bytesPerCycle: rounded(grownBytes / done) };
  });
}

async function cycles(one, { leakCycles, leakSeconds }) {
  const path = freshPath();
  const batch = Math.ceil(leakCycles / 100);
  // V8's heap needs 300,000 cycles to settle.
  for (let warm = 0; warm < 30; warm++) await one.ask('cycle', batch, path);
  const before = { memory: await one.ask('memory'), descriptors: await one.ask('descriptors') };
  const deadline = performance.now() + leakSeconds * 1000;
  let done = 0;
  for (; done < leakCycles && performance.now() < deadline; done += batch) await one.ask('cycle', batch, path);
  const grownBytes = (await one.ask('memory')) - before.memory;
  const descriptors = (await one.ask('descriptors')) - before.descriptors;
  return { growth: 1 + grownBytes / before.memory, grownBytes, descriptors, done };
}

const everyPeer = ({ ready, missing }) =>
  Object.fromEntries([...ready, ...Object.keys(missing)].map((name) => [name, NOT_OURS]));
