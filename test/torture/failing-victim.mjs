// Usage: failing-victim.mjs NAME DIRECTORY PORT PLAN FROM
// Repeats one scenario under the tracer. In each run one system call fails. PLAN is the file with
// the list of injections. FROM is the index of the first injection to run. Prints one line of JSON
// before and one line after each injection.
import { readdirSync, readFileSync, readSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { probeLock } from 'gateway-lock';
import { holdFirst, mark, prepare, SCENARIOS } from './scenarios.mjs';
import { StarterProcess } from './starter-process.mjs';

/**
 * How long to wait until all files are closed, in milliseconds. The thread that waiters share ends
 * 100 ms after the last wait, and closes its inotify instance.
 */
const SETTLE_MS = 2000;
/** Milliseconds. */
const STARTER_TIMEOUT_MS = 5000;

const [name, directory, port, planFile, from] = process.argv.slice(2);
const plan = JSON.parse(readFileSync(planFile, 'utf8'));
const starter = new StarterProcess();
// If an error occurs that a caller cannot catch, reports a problem and continues with the next
// injection.
const uncaught = [];
process.on('uncaughtException', (error) => uncaught.push(describe(error)));
process.on('unhandledRejection', (error) => uncaught.push(describe(error)));

probeLock(`${directory}/missing.lock`);
if (plan.warm) {
  // Runs the scenario once before the first injection, because a process makes some calls only
  // once. After this run, every injection starts from the same state.
  await run('none/0/0/0/0');
  await sleep(300);
}
writeSync(4, 'r');
readSync(5, Buffer.alloc(1));
for (let at = Number(from); at < plan.injections.length; at++) {
  writeSync(1, `${JSON.stringify({ at, begins: true })}\n`);
  writeSync(1, `${JSON.stringify(await inject(at, plan.injections[at]))}\n`);
}
starter.close();
process.exit();

async function inject(at, { action, thread, ordinal, value, number }) {
  const before = openFiles();
  const { outcome, error, free, fixture } = await run(`${action}/${thread}/${ordinal}/${value}/${number}`);
  const next = await run('none/0/0/0/0');
  const there = await starter.start(name, fixture, STARTER_TIMEOUT_MS);
  const leaked = (await settle(before)) - before;
  return {
    at,
    outcome,
    error,
    free,
    next: next.outcome,
    nextError: next.error,
    there,
    leaked,
    uncaught: uncaught.splice(0),
  };
}

async function run(request) {
  const fixture = prepare(name, directory, Number(port));
  const holder = await holdFirst(name, fixture);
  const answer = { outcome: '', error: null, free: true, fixture };
  mark(`begin/${request}`);
  holder.begin();
  try {
    answer.outcome = String(await SCENARIOS[name].run(fixture, { program: `${directory}/missing` }));
  } catch (error) {
    answer.outcome = 'throws';
    answer.error = describe(error);
  }
  mark('end');
  holder.end();
  // Checks before the cleanup that a failed attempt does not hold the lock.
  if (answer.outcome === 'throws' && !fixture.holding) answer.free = await isFree(fixture);
  for (const step of fixture.cleanup.reverse()) await quietly(step);
  return answer;
}

async function isFree(fixture) {
  return (await starter.start(name, fixture, 0)).served;
}

async function quietly(step) {
  try {
    await step();
  } catch {
    // Does not remove the file, because the next run begins with an empty directory.
  }
}

function describe(error) {
  const causes = [];
  for (let each = error; each instanceof Error && causes.length < 5; each = each.cause) causes.push(each);
  const first = (key) => causes.map((each) => each[key]).find((found) => found !== undefined) ?? null;
  return {
    name: error?.name ?? typeof error,
    code: error?.code ?? null,
    message: String(error?.message ?? error),
    syscall: first('syscall'),
    system: causes.at(-1)?.code ?? null,
    where: first('path') ?? first('lockPath') ?? first('address'),
  };
}

function openFiles() {
  return readdirSync('/proc/self/fd').length;
}

/**
 * Waits until at most `wanted` files are open or SETTLE_MS milliseconds have passed. Returns the
 * number of open files.
 */
async function settle(wanted) {
  const deadline = performance.now() + SETTLE_MS;
  while (openFiles() > wanted && performance.now() < deadline) await sleep(5);
  return openFiles();
}
