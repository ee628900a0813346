// Measures how restarts look to clients: the same load generator for each way to restart, one after
// the other. Prints the results as JSON.
import { setTimeout as sleep } from 'node:timers/promises';
import { startLoad } from '../../test/support/load.ts';
import { until } from '../../test/support/until.ts';
import { quantile, rounded } from '../statistics.mjs';
import { finishRow, Skipped } from './cleanup.mjs';
import { parkedStart, runRestart, standby } from './first-answer.mjs';
import * as others from './others.mjs';
import * as ours from './ours.mjs';

const ROUNDS = 10;
/** The time limit for the rounds of one row. A row ends after the round that exceeds it. */
const ROW_MS = 15_000;
/** Answers after a restart until the next one: 0.2 s at the load generator's rate. */
const ANSWERS_BETWEEN = 100;

const RESTARTS = {
  '`upgrade()`': ours.upgrade,
  '`run --reload-on`: SIGHUP': ours.keeperReload,
  '`run --restart`: kill -9 of the program': ours.keeperRestart,
  '`run --standby`: kill -9 of the program': ours.keeperStandby,
  '`pm2 reload`, cluster mode': others.pm2Reload,
  'node:cluster, a new worker before the old one ends': others.nodeCluster,
  '`nginx -s reload`': others.nginxReload,
  '`systemctl restart` with a socket unit': others.systemdRestart,
  'SIGTERM, then a new start': others.plainRestart,
};
const FIRST_ANSWERS = {
  'a start that waits for the lock (parked)': parkedStart,
  '`run --restart`': runRestart,
  '`run --standby`': standby,
};

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => finishRow().finally(() => process.exit(1)));
const restarts = await measureRows(RESTARTS, restartsOf);
const firstAnswers = await measureRows(FIRST_ANSWERS, firstAnswersOf);
console.log(JSON.stringify({ restarts, firstAnswers }));
process.exit(0);

async function measureRows(rows, measure) {
  const results = {};
  for (const [name, start] of Object.entries(rows)) {
    const began = performance.now();
    process.stderr.write(`gateway-lock: measuring ${name} ... `);
    results[name] = await measureRow(start, measure);
    process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1)} s\n`);
  }
  return results;
}

async function measureRow(start, measure) {
  try {
    return await measure(await start());
  } catch (error) {
    if (!(error instanceof Skipped)) process.stderr.write(`${error.stack}\n`);
    return { notMeasured: error.message.split('\n')[0] };
  } finally {
    await finishRow();
  }
}

async function restartsOf({ port, networkOf, prepare, restart }) {
  const load = await startLoad({ port, webSockets: 0, ...(networkOf === undefined ? {} : { networkOf }) });
  const gaps = await repeat(async () => {
    await prepare?.();
    return gapDuring(load, restart);
  });
  return { restarts: gaps.length, ...connectionsOf(await load.end()), gapMs: summary(gaps) };
}

async function firstAnswersOf(kill) {
  const times = await repeat(kill);
  return { kills: times.length, ms: summary(times) };
}

async function repeat(action) {
  const deadline = performance.now() + ROW_MS;
  const values = [];
  while (values.length < ROUNDS && performance.now() < deadline) values.push(await action());
  return values;
}

/** Returns the longest time without an answer during a restart and shortly after, in milliseconds. */
async function gapDuring(load, restart) {
  await load.report(); // begins a new measurement of the gap
  await restart();
  const { answered, gapMs } = await load.report();
  let longest = gapMs;
  const enough = async () => {
    const report = await load.report();
    longest = Math.max(longest, report.gapMs);
    return report.answered >= answered + ANSWERS_BETWEEN;
  };
  await sleep(100);
  await until(enough, 'answers after a restart', 60_000);
  return longest;
}

function connectionsOf({ answered, refused, reset, unanswered, other, hung, open }) {
  const connections = answered + refused + reset + unanswered + other + hung + open;
  return { connections, refused, reset: reset + unanswered + other, hung: hung + open };
}

function summary(values) {
  const [p50, p99, max] = [0.5, 0.99, 1].map((q) => rounded(quantile(values, q)));
  return { p50, p99, max };
}
