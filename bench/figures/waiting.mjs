// Measures the CPU time that a process uses while it waits for a lock that is never released.
import { withContestants } from '../contestants.mjs';
import { figure } from '../statistics.mjs';
import { freshPath } from '../temporary.mjs';

/** In any Node process, V8 collects garbage once after 8 s, which takes 10 to 20 ms. */
const SETTLE_MS = 12_000;
/** Replaces 0, because the CPU time clock counts only whole microseconds. */
const MIN_PERCENT = 1e-4;

/** The number of waiters of each kind. All waiters are measured in the same ten seconds. */
const WAITERS = 3;

/**
 * Measures the CPU time of waiters in percent of one CPU. The floor is an idle Node process:
 * a process blocked in flock() uses no CPU time, so no ratio to it exists.
 */
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

/**
 * Measures all waiters at once. Resolves with each waiter's CPU time in percent of one CPU, by
 * name.
 */
async function shares(waits, ms) {
  return withContestants(
    waits.map(({ name }) => (name === 'floor' ? 'ours' : name)),
    async (waiters) => {
      const used = await Promise.all(
        waiters.map((one, index) => one.ask('idle', SETTLE_MS, ms, ...waits[index].words)),
      );
      const samples = Object.fromEntries(waits.map(({ name }) => [name, []]));
      for (const [index, { name }] of waits.entries()) samples[name].push(Math.max(used[index] / ms / 10, MIN_PERCENT));
      return samples;
    },
  );
}

const WAITS_ELSEWHERE = {
  'better-sqlite3': 'blocks the event loop while it waits',
  'flock-1': 'waits in another process',
};

/**
 * Creates and holds a new lock for a waiter. Each waiter needs its own, because waiters for the
 * same lock would also wait for each other.
 */
async function waitFor(holder) {
  const path = freshPath();
  await holder.ask('hold', path);
  return { name: holder.name, words: [path] };
}
