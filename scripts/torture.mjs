// npm run torture [-- --quick] [--write] [--only NAME] [--jobs N]: kills the package at each system call, and fails each one.
// --quick: a quarter of it, for CI. --write: the tables of docs/reliability.md.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root } from './prepare.mjs';

/** --quick takes each n-th, another one for each call. */
const QUICK = 4;
/** What a process does once, beside what the warm scenarios do: in a new process for each injection. */
const FIRST = 'acquire, kept file';

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
const { callsOf, killAt, pointsOf } = await import('../test/torture/kills.mjs');
const { failableCalls, failAt, injectionsOf } = await import('../test/torture/failures.mjs');
const { SCENARIOS } = await import('../test/torture/scenarios.mjs');
const report = await import('../test/torture/report.mjs');

const missing = whyNoTracer();
if (missing !== null) {
  console.error(`gateway-lock: torture: ${missing}`);
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), 'gateway-lock-torture-'));
const tracer = buildTracer(folder);
const started = performance.now();
const kills = [];
const failures = [];
const names = Object.keys(SCENARIOS).filter((name) => name.includes(values.only ?? ''));
const jobs = [
  ...names.map((name) => (lane) => failIn(lane, name, true)),
  ...names.filter((name) => name === FIRST).map((name) => (lane) => failIn(lane, name, false)),
  ...names.map((name) => (lane) => killIn(lane, name)),
];
try {
  await Promise.all(Array.from({ length: Number(values.jobs) }, (_, number) => work(number)));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
conclude();

async function work(number) {
  const lane = { tracer, folder: join(folder, `lane-${number}`), port: await freePort() };
  mkdirSync(lane.folder);
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job(lane);
}

async function killIn(lane, name) {
  const points = pointsOf(await callsOf(lane, name)).filter((_, index) => isChosen(index));
  kills.push(...(await killAt(lane, name, points, show)));
  say(`${name}: killed at ${points.length} points`);
}

async function failIn(lane, name, warm) {
  const calls = await failableCalls(lane, name, warm);
  const injections = injectionsOf(calls).filter((_, index) => isChosen(index));
  failures.push(...(await failAt(lane, name, { warm, injections, onResult: show })));
  say(`${name}${warm ? '' : ', first time'}: ${injections.length} calls failed`);
}

function isChosen(index) {
  return !values.quick || index % QUICK === 0;
}

function show(result) {
  for (const problem of result.problems) say(`BAD ${JSON.stringify({ ...result, problems: undefined })}: ${problem}`);
}

function say(text) {
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
