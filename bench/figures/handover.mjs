// From the end of one holder to the start of the next: killed, or in order.
import { setTimeout as sleep } from 'node:timers/promises';
import { Contestant, withContestants } from '../contestants.mjs';
import { freshPath } from '../places.mjs';
import { figure, quantile, rounded } from '../statistics.mjs';

/** For a waiter to be waiting, in milliseconds; a random part keeps it out of step with what polls. */
const SETTLE_MS = 25;
const PEER_SECONDS = 12;

/** SIGKILL of a Node holder. The floor is a C program that is blocked in flock() on that same lock of ours. */
export async function handoff(bench) {
  const { effort, peers } = bench;
  const samples = await inTurn(['floor', 'ours'], effort.kills, effort.killSeconds, killOnce);
  const missing = { ...peers.missing };
  for (const name of peers.ready) {
    const { neverAfterKill, slowAfterKill } = await import(`../locks/${name}.mjs`);
    if (neverAfterKill) missing[name] = neverAfterKill;
    else if (bench.quick && slowAfterKill) missing[name] = 'takes 10 s: not with --quick';
    else Object.assign(samples, await inTurn([name], slowAfterKill ? 1 : effort.peerHandOvers, PEER_SECONDS, killOnce));
  }
  return withTail(figure('ms', samples, missing), samples);
}

export async function release_handoff({ effort, peers }) {
  const names = ['floor', 'ours'];
  const samples = await inTurn(names, effort.handOvers, effort.seconds * 1.5, releases());
  for (const name of peers.ready)
    Object.assign(samples, await inTurn([name], effort.peerHandOvers * 2, PEER_SECONDS, releases()));
  await endPairs();
  return withTail(figure('ms', samples, peers.missing), samples);
}

/** One after the other, until there are enough or the time is over. */
async function inTurn(names, rounds, seconds, once) {
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  const deadline = performance.now() + seconds * 1000;
  for (let round = 0; round < rounds && (round === 0 || performance.now() < deadline); round++) {
    for (const name of names) samples[name].push(await once(name));
  }
  return samples;
}

async function killOnce(name) {
  const path = freshPath();
  return withContestants([name === 'floor' ? 'ours' : name, name], async ([holder, waiter]) => {
    await holder.ask('hold', path);
    await waiter.ask('descriptors'); // it has started
    const held = waiter.ask('wait', path);
    await sleep(SETTLE_MS + Math.random() * SETTLE_MS);
    const killed = process.hrtime.bigint();
    await holder.kill();
    return ((await held) - Number(killed)) / 1e6;
  });
}

const pairs = [];

/** Two processes of each name that hand one lock over, to and fro. */
function releases() {
  const pairOf = new Map();
  return async (name) => {
    if (!pairOf.has(name)) pairOf.set(name, await startPair(name));
    const pair = pairOf.get(name);
    const held = pair.waiter.ask('wait', pair.path);
    await sleep(SETTLE_MS * Math.random());
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

/** The slow end of it, and all of it for the plot. */
function withTail(result, { floor, ours }) {
  const [floor99, ours99] = [quantile(floor, 0.99), quantile(ours, 0.99)];
  const p99 = { floor: rounded(floor99), ours: rounded(ours99), ratio: rounded(ours99 / floor99) };
  return { ...result, p99, samples: { floor: floor.map(rounded), ours: ours.map(rounded) } };
}
