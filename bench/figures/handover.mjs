// Measures the time from the end of a holder (SIGKILL or release) until the waiter holds the lock.
import { setTimeout as sleep } from 'node:timers/promises';
import { Contestant, withContestants } from '../contestants.mjs';
import { figure, quantile, rounded } from '../statistics.mjs';
import { freshPath } from '../temporary.mjs';

/**
 * How long the waiter waits before the lock is freed, in milliseconds. Without the random part,
 * this would always be at the same point of a polling waiter's interval.
 */
const KILL_SETTLE = { leastMs: 25, randomMs: 25 };
const RELEASE_SETTLE = { leastMs: 5, randomMs: 20 };
const SLOW = 'killed only once, after all other contestants, because this takes 10 s';

/**
 * Measures the hand-over after the holder (a Node process) is killed. The floor is a C++ program
 * that is blocked in flock() on the same lock.
 */
export async function handoff({ effort, peers, quick }) {
  const { names, slow, missing } = await sortPeers(peers, quick);
  const bounds = { rounds: effort.kills, peerRounds: effort.peerKills, seconds: effort.killSeconds };
  const samples = await inTurn(names, bounds, killOnce);
  for (const name of slow) samples[name] = [await killOnce(name)];
  const result = withTail(figure('ms', samples, missing), samples);
  for (const name of slow) result.peers[name].note = SLOW;
  return result;
}

/**
 * Sorts the peers into three groups: `names` are measured in each round, `slow` once at the end,
 * and `missing` not at all.
 */
async function sortPeers({ ready, missing }, quick) {
  const sorted = { names: [], slow: [], missing: { ...missing } };
  for (const name of ready) {
    const { neverAfterKill, slowAfterKill } = await import(`../locks/${name}.mjs`);
    if (neverAfterKill) sorted.missing[name] = neverAfterKill;
    else if (slowAfterKill && quick) sorted.missing[name] = 'takes 10 s, so --quick leaves it out';
    else sorted[slowAfterKill ? 'slow' : 'names'].push(name);
  }
  return sorted;
}

export async function release_handoff({ effort, peers }) {
  const bounds = { rounds: effort.handOvers, peerRounds: effort.peerHandOvers, seconds: effort.handOverSeconds };
  const samples = await inTurn(peers.ready, bounds, releases());
  await endPairs();
  return withTail(figure('ms', samples, peers.missing), samples);
}

/**
 * Measures one hand-over of each contestant per round, until all rounds are done or the time is up.
 * Peers take part in fewer rounds, spread evenly.
 */
async function inTurn(peers, { rounds, peerRounds, seconds }, once) {
  const names = ['floor', 'ours', ...peers];
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  const every = Math.ceil(rounds / peerRounds);
  const deadline = performance.now() + seconds * 1000;
  for (let round = 0; round < rounds && (round === 0 || performance.now() < deadline); round++) {
    for (const name of round % every === 0 ? names : names.slice(0, 2)) samples[name].push(await once(name));
  }
  return samples;
}

async function killOnce(name) {
  const path = freshPath();
  return withContestants([name === 'floor' ? 'ours' : name, name], async ([holder, waiter]) => {
    await holder.ask('hold', path);
    await waiter.ask('descriptors'); // the answer shows that the waiter has started
    const held = waiter.ask('wait', path);
    await settle(KILL_SETTLE);
    const killed = process.hrtime.bigint();
    await holder.kill();
    return ((await held) - Number(killed)) / 1e6;
  });
}

const settle = ({ leastMs, randomMs }) => sleep(leastMs + randomMs * Math.random());

const pairs = [];

/**
 * Returns a function that measures one hand-over by release between a contestant's two processes.
 */
function releases() {
  const pairOf = new Map();
  return async (name) => {
    if (!pairOf.has(name)) pairOf.set(name, await startPair(name));
    const pair = pairOf.get(name);
    const held = pair.waiter.ask('wait', pair.path);
    await settle(RELEASE_SETTLE);
    const released = await pair.holder.ask('drop');
    const wait = ((await held) - released) / 1e6;
    [pair.holder, pair.waiter] = [pair.waiter, pair.holder];
    return wait;
  };
}

async function startPair(name) {
  const pair = { path: freshPath(), holder: new Contestant(name), waiter: new Contestant(name) };
  pairs.push(pair);
  await pair.waiter.ask('descriptors');
  await pair.holder.ask('hold', pair.path);
  return pair;
}

async function endPairs() {
  await Promise.all(pairs.splice(0).flatMap(({ holder, waiter }) => [holder.kill(), waiter.kill()]));
}

/** Adds the 99th percentile to the figure, and all samples for the plot. */
function withTail(result, samples) {
  const { floor, ours } = samples;
  const [floor99, ours99] = [quantile(floor, 0.99), quantile(ours, 0.99)];
  const p99 = { floor: rounded(floor99), ours: rounded(ours99), ratio: rounded(ours99 / floor99) };
  const all = Object.entries(samples).map(([name, values]) => [name, values.map(rounded)]);
  return { ...result, p99, samples: Object.fromEntries(all) };
}
