// Measures how the time of a lock cycle grows with the number of locks that the process holds, and
// how the time of an attempt grows with the number of processes that compete for one lock.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freemem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { withContestants } from '../contestants.mjs';
import { FLOOR } from '../floor.mjs';
import { inRounds } from '../rounds.mjs';
import { median, rounded, spread } from '../statistics.mjs';
import { freshDirectoryInMemory, freshPath } from '../temporary.mjs';

const CONTENDER = fileURLToPath(new URL('../contend.mjs', import.meta.url));
const MAX_SECONDS = 100;
const MIN_ROUNDS = 3;
const CONTENDER_OPTIONS = { stdio: ['pipe', 'pipe', 'inherit'], timeout: 200_000, killSignal: 'SIGKILL' };
/** The private memory of a Node process that has just started, in bytes. */
const CONTENDER_BYTES = 16 * 1024 * 1024;

/**
 * Computes a figure from the points. `ratio` is our time at the largest number divided by our time
 * at the smallest: 1 means no growth.
 */
function scaleFigure(unit, points, peers, reason) {
  const [least, most] = [points[0], points.at(-1)];
  const names = [...peers.ready, ...Object.keys(peers.missing)];
  return {
    floor: most.floor,
    ours: most.ours,
    ratio: rounded(most.ours / least.ours),
    ratioOf: `ours at ${most.count} divided by ours at ${least.count}; the same ratio of the floor is ${rounded(most.floor / least.floor)}`,
    unit,
    points,
    peers: Object.fromEntries(names.map((name) => [name, { notMeasured: reason }])),
  };
}

function pointOf(count, { floor, ours }) {
  const spreads = { floor: spread(floor), ours: spread(ours) };
  return { count, floor: rounded(median(floor)), ours: rounded(median(ours)), spread: spreads, rounds: ours.length };
}

/**
 * Measures the time to acquire and release one more lock while the process holds others in the same
 * directory, in microseconds. The directory is in memory, because on ext4 the floor itself takes
 * 1.4 times as long with 10,000 files, and 20 times as long after many removals.
 */
export async function scale_locks({ effort, peers }) {
  const counts = effort.heldLocks;
  // Measures all sizes in the same rounds, because the machine's speed varies from minute to
  // minute.
  const names = counts.flatMap(() => ['floor', 'ours']);
  return withContestants(names, async (contestants) => {
    const folders = contestants.map(() => freshDirectoryInMemory());
    for (const [index, one] of contestants.entries()) {
      await one.ask('fill', counts[index >> 1], folders[index]);
      one.name = `${one.name} ${counts[index >> 1]}`;
    }
    const batch = (one, count) => one.ask('cycle', count, `${folders[contestants.indexOf(one)]}/another.lock`);
    const { samples } = await inRounds(contestants, effort, batch);
    const at = (count) => pointOf(count, { floor: samples[`floor ${count}`], ours: samples[`ours ${count}`] });
    const points = counts.map(at);
    return { ...scaleFigure('us', points, peers, 'measured by `cycle`'), limitedBy: effort.limitedBy };
  });
}

/**
 * Measures milliseconds per process. All processes start at once and compete for one lock, until
 * all but one have been refused.
 */
export async function scale_contenders({ effort, peers }) {
  const points = [];
  const left = [];
  for (const count of effort.contenders) {
    const notMeasured = whyNot(count, points.at(-1));
    if (notMeasured !== null) {
      left.push({ count, notMeasured });
      continue;
    }
    points.push(pointOf(count, await contentions(count, effort)));
  }
  const figure = scaleFigure('ms', points, peers, 'each attempt needs a process: see refused_process');
  return left.length > 0 ? { ...figure, left } : figure;
}

async function contentions(count, { contendersInAll, contenderSeconds }) {
  const rounds = Math.max(MIN_ROUNDS, Math.round(contendersInAll / count));
  const samples = { floor: [], ours: [] };
  const deadline = performance.now() + contenderSeconds * 1000;
  for (let round = 0; round < rounds && (round === 0 || performance.now() < deadline); round++) {
    samples.floor.push(await contendedBy(count, FLOOR, []));
    samples.ours.push(await contendedBy(count, process.execPath, [CONTENDER]));
  }
  return samples;
}

/**
 * Returns the reason why `count` processes are not measured, or null if they are. The smallest
 * number is always measured.
 */
function whyNot(count, last) {
  if (last === undefined) return null;
  if (count * CONTENDER_BYTES > freemem()) return 'not enough free memory';
  const seconds = (count * (last.ours + last.floor)) / 1000;
  return seconds > MAX_SECONDS ? `would take ${Math.round(seconds)} s` : null;
}

async function contendedBy(count, command, args) {
  const path = freshPath();
  const start = performance.now();
  const contenders = Array.from({ length: count }, () => spawn(command, [...args, path], CONTENDER_OPTIONS));
  for (const { stdin } of contenders) stdin.on('error', () => {}); // the process may have ended
  const ends = contenders.map((child) => once(child, 'exit'));
  try {
    await allButOneRefused(ends);
    return (performance.now() - start) / count;
  } finally {
    // When its input ends, the holder releases the lock.
    for (const { stdin } of contenders) stdin.end();
    await Promise.all(ends);
  }
}

function allButOneRefused(ends) {
  let left = ends.length - 1;
  return new Promise((resolve, reject) => {
    for (const end of ends) {
      end.then(([code]) => {
        if (code !== 1) reject(new Error(`a process exited with ${code} instead of 1`));
        else if (--left === 0) resolve();
      }, reject);
    }
  });
}
