// Measures the time from the end of a holder (SIGKILL or release) until the waiter holds the lock.
import { setTimeout as sleep } from 'node:timers/promises';
import { Contestant, withContestants } from '../contestants.mjs';
import { figure, quantile, rounded } from '../statistics.mjs';
import { freshPath } from '../temporary.mjs';

/**
 * Time until the waiter waits, in milliseconds. The random part prevents a fixed phase with
 * polling.
 */
const KILL_SETTLE = { leastMs: 25, randomMs: 25 };
const RELEASE_SETTLE = { leastMs: 5, randomMs: 20 };
const SLOW = 'one kill only, after those of the others, because it takes 10 s';

/** Kills a Node holder. The floor is a C++ program that is blocked in flock() on the same lock. */
export async function handoff({ effort, peers, quick }) {
  const { names, slow, missing } = await sortPeers(peers, quick);
  const bounds = { rounds: effort.kills, peerRounds: effort.peerKills, seconds: effort.killSeconds };
  const samples = await inTurn(names, bounds, killOnce);
  for (const name of slow) samples[name] = [await killOnce(name)];
  const result = withTail(figure('ms', samples, missing), samples);
  for (const name of slow) result.peers[name].note = SLOW;
  return result;
}

/** Sorts the peers: measured in turn, measured once at the end, not measured. */
async function sortPeers({ ready, missing }, quick) {
  const sorted = { names: [], slow: [], missing: { ...missing } };
  for (const name of ready) {
    const { neverAfterKill, slowAfterKill } = await import(`../locks/${name}.mjs`);
    if (neverAfterKill) sorted.missing[name] = neverAfterKill;
    else if (slowAfterKill && quick) sorted.missing[name] = 'takes 10 s: not with --quick';
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
 * Measures one after the other, until the rounds or the time are over. Peers take part in fewer
 * rounds, spread evenly.
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
    await waiter.ask('descriptors'); // waits until it has started
    const held = waiter.ask('wait', path);
    await settle(KILL_SETTLE);
    const killed = process.hrtime.bigint();
    await holder.kill();
    return ((await held) - Number(killed)) / 1e6;
  });
}

const settle = ({ leastMs, randomMs }) => sleep(leastMs + randomMs * Math.random());

const pairs = [];

/** Returns a function that hands a lock over between the two processes of a name. */
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

/** Adds the 99th percentile, and all samples for the plot. */
function withTail(result, { floor, ours }) {
  const [floor99, ours99] = [quantile(floor, 0.99), quantile(ours, 0.99)];
  const p99 = { floor: rounded(floor99), ours: rounded(ours99), ratio: rounded(ours99 / floor99) };
  return { ...result, p99, samples: { floor: floor.map(rounded), ours: ours.map(rounded) } };
}
