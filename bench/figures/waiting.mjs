// What it costs to wait for a lock that nobody gives away.
import { withContestants } from '../contestants.mjs';
import { freshPath } from '../places.mjs';
import { figure } from '../statistics.mjs';

/** V8 tidies up once, 8 s after a process has begun, whatever that waits for: 10 to 20 ms, which is no part of waiting. */
const SETTLE_MS = 12_000;
/** The clock of CPU time counts microseconds: none at all is less than one. */
const LEAST = 1e-4;

/** Percent of one CPU. The floor is a Node process that waits for nothing: one blocked in flock() uses none at all. */
export async function idle_waiter_cpu({ effort, peers }) {
  const missing = { ...peers.missing };
  const able = peers.ready.filter((name) => WAITS_ELSEWHERE[name] === undefined);
  for (const name of peers.ready) if (!able.includes(name)) missing[name] = WAITS_ELSEWHERE[name];
  const waiting = ['ours', ...able];
  return withContestants(waiting, (holders) =>
    withContestants(['ours', ...waiting], async ([idle, ...waiters]) => {
      const ms = effort.idleSeconds * 1000;
      const paths = await Promise.all(holders.map(holdFresh));
      const floor = idle.ask('idle', SETTLE_MS, ms);
      const used = await Promise.all(waiters.map((one, index) => one.ask('idle', SETTLE_MS, ms, paths[index])));
      const share = (microseconds) => [Math.max(microseconds / ms / 10, LEAST)];
      const samples = Object.fromEntries(waiters.map(({ name }, index) => [name, share(used[index])]));
      return figure('% of a CPU', { floor: share(await floor), ...samples }, missing);
    }),
  );
}

const WAITS_ELSEWHERE = {
  'better-sqlite3': 'blocks the event loop while it waits',
  'flock-1': 'another process waits',
};

async function holdFresh(holder) {
  const path = freshPath();
  await holder.ask('hold', path);
  return path;
}
