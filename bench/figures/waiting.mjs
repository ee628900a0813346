// What it costs to wait for a lock that nobody gives away.
import { withContestants } from '../contestants.mjs';
import { figure } from '../statistics.mjs';
import { freshPath } from '../temporary.mjs';

/** V8 tidies up once, 8 s after a process has begun, whatever that waits for: 10 to 20 ms, which is no part of waiting. */
const SETTLE_MS = 12_000;
/** The clock of CPU time counts microseconds: none at all is less than one. */
const LEAST = 1e-4;

/** Of each kind, in the same ten seconds: that takes no longer than one. */
const WAITERS = 3;

/** Percent of one CPU. The floor is a Node process that waits for nothing: one blocked in flock() uses none at all. */
export async function idle_waiter_cpu({ effort, peers }) {
  const elsewhere = peers.ready.filter((name) => WAITS_ELSEWHERE[name] !== undefined);
  const able = peers.ready.filter((name) => !elsewhere.includes(name));
  return withContestants(['ours', ...able], async (holders) => {
    const idle = Array.from({ length: WAITERS }, () => ({ name: 'floor', words: [] }));
    const waits = await Promise.all(
      holders.flatMap((holder) => Array.from({ length: WAITERS }, () => waitFor(holder))),
    );
    const samples = await shares([...idle, ...waits], effort.idleSeconds * 1000);
    const reasons = elsewhere.map((name) => [name, WAITS_ELSEWHERE[name]]);
    return figure('% of a CPU', samples, { ...peers.missing, ...Object.fromEntries(reasons) });
  });
}

/** Percent of a CPU by name, all at once. */
async function shares(waits, ms) {
  return withContestants(
    waits.map(({ name }) => (name === 'floor' ? 'ours' : name)),
    async (waiters) => {
      const used = await Promise.all(
        waiters.map((one, index) => one.ask('idle', SETTLE_MS, ms, ...waits[index].words)),
      );
      const samples = Object.fromEntries(waits.map(({ name }) => [name, []]));
      for (const [index, { name }] of waits.entries()) samples[name].push(Math.max(used[index] / ms / 10, LEAST));
      return samples;
    },
  );
}

const WAITS_ELSEWHERE = {
  'better-sqlite3': 'blocks the event loop while it waits',
  'flock-1': 'another process waits',
};

/** One lock for each: of several that wait for the same one, some wait for each other. */
async function waitFor(holder) {
  const path = freshPath();
  await holder.ask('hold', path);
  return { name: holder.name, words: [path] };
}
