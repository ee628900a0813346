// npm run torture [-- --quick] [--write] [--only NAME] [--jobs N]: kills a process that uses the
// package at each of its system calls, and makes each of these calls fail.
// --quick runs a part of the injections, which is fast enough for CI: in each scenario, one kill at
// the entry and one at the exit of each system call (as holder, and otherwise), and one failure of it; in one of the scenarios,
// each error of each system call. --write updates the tables in docs/reliability.md.
// --only runs the scenarios whose name contains NAME. --jobs sets how many scenarios run at the
// same time (2 by default).
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root } from './prepare.mjs';

/**
 * The scenario that also runs in a new process for each injection, to reach system calls that a
 * process makes only once.
 */
const COLD_SCENARIO = 'acquire, kept file';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    only: { type: 'string' },
    jobs: { type: 'string', default: '2' },
  },
});
prepare();
const { buildTracer, whyNoTracer } = await import('../test/torture/tracing.mjs');
const { sampleOf } = await import('../test/torture/sample.mjs');
const { callsOf, killAt, pointsOf } = await import('../test/torture/kills.mjs');
const { failableCalls, failAt, injectionsOf } = await import('../test/torture/failures.mjs');
const { SCENARIOS } = await import('../test/torture/scenarios.mjs');
const report = await import('../test/torture/report.mjs');

const missing = whyNoTracer();
if (missing !== null) {
  console.error(`gateway-lock: npm run torture ${missing}`);
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), 'gateway-lock-torture-'));
const tracer = buildTracer(folder);
const started = performance.now();
const covered = new Set();
const kills = [];
const failures = [];
const names = Object.keys(SCENARIOS).filter((name) => name.includes(values.only ?? ''));
const jobs = [
  ...names.map((name) => (worker) => failIn(worker, name, true)),
  ...names.filter((name) => name === COLD_SCENARIO).map((name) => (worker) => failIn(worker, name, false)),
  ...names.map((name) => (worker) => killIn(worker, name)),
];
try {
  await Promise.all(Array.from({ length: Number(values.jobs) }, (_, number) => runJobs(number)));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
conclude();

async function runJobs(number) {
  const worker = { tracer, folder: join(folder, `worker-${number}`), port: await freePort() };
  mkdirSync(worker.folder);
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job(worker);
}

async function killIn(worker, name) {
  const keyOfPoint = ({ call, when, held }) => [`${name} ${call} ${when} ${held}`];
  const points = chosen(pointsOf(await callsOf(worker, name)), keyOfPoint);
  kills.push(...(await killAt(worker, name, points, logProblems)));
  log(`${name}: killed at ${points.length} points`);
}

async function failIn(worker, name, warm) {
  const calls = await failableCalls(worker, name, warm);
  const injections = chosen(injectionsOf(calls), ({ call, injected }) => [`${name} ${call}`, `${call} ${injected}`]);
  failures.push(...(await failAt(worker, name, { warm, injections, onResult: logProblems })));
  log(`${name}${warm ? '' : ', in new processes'}: ${injections.length} failures injected`);
}

function chosen(list, keysOf) {
  return values.quick ? sampleOf(list, keysOf, covered) : list;
}

function logProblems(result) {
  for (const problem of result.problems)
    log(`FAILED ${JSON.stringify({ ...result, problems: undefined })}: ${problem}`);
}

function log(text) {
  console.error(`[${Math.round((performance.now() - started) / 1000)} s] ${text}`);
}

function conclude() {
  const line = report.summary({ kills, failures, seconds: (performance.now() - started) / 1000 });
  if (values.write) {
    report.writeTables(join(root, 'docs/reliability.md'), {
      summary: `${line}.`,
      kills: report.killTable(kills),
      failures: report.failureTable(failures),
    });
  }
  console.log(`torture: ${line}`);
  const broken = [...kills, ...failures].some(({ problems }) => problems.length > 0);
  process.exit(broken || kills.length === 0 ? 1 : 0);
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
