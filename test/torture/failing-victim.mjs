// failing-victim.mjs NAME DIRECTORY PORT PLAN FROM: one scenario again and again under the tracer, each time with one system call
// that fails. PLAN is a file with the list of injections; FROM the first of them. Prints a line of JSON for each.
import { readdirSync, readFileSync, readSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { probeLock } from 'gateway-lock';
import { AnotherProcess } from './another-process.mjs';
import { holdFirst, mark, prepare, SCENARIOS } from './scenarios.mjs';

/** Milliseconds. What waiters share (a thread, an inotify) is closed 100 ms after the last of them. */
const SETTLE_MS = 2000;
const NEXT_MS = 5000;

const [name, directory, port, planFile, from] = process.argv.slice(2);
const plan = JSON.parse(readFileSync(planFile, 'utf8'));
const another = new AnotherProcess();
// A mistake of an injected call must not end the batch unseen: it is a finding.
const loose = [];
process.on('uncaughtException', (error) => loose.push(describe(error)));
process.on('unhandledRejection', (error) => loose.push(describe(error)));

probeLock(`${directory}/missing.lock`);
if (plan.warm) {
  // What a process does once is done. The same way for the first injection and for the last.
  await run('none/0/0/0/0');
  await sleep(300);
}
writeSync(4, 'r');
readSync(5, Buffer.alloc(1));
for (let at = Number(from); at < plan.injections.length; at++) {
  writeSync(1, `${JSON.stringify({ at, begins: true })}\n`);
  writeSync(1, `${JSON.stringify(await inject(at, plan.injections[at]))}\n`);
}
another.close();
process.exit();

async function inject(at, { action, thread, ordinal, value, number }) {
  const before = openFiles();
  const { outcome, error, free, place } = await run(`${action}/${thread}/${ordinal}/${value}/${number}`);
  const next = await run('none/0/0/0/0');
  const there = await another.start(name, place, NEXT_MS);
  const leaked = (await settle(before)) - before;
  return { at, outcome, error, free, next: next.outcome, nextError: next.error, there, leaked, loose: loose.splice(0) };
}

async function run(request) {
  const place = prepare(name, directory, Number(port));
  const holder = await holdFirst(name, place);
  const answer = { outcome: '', error: null, free: true, place };
  mark(`begin/${request}`);
  holder.begin();
  try {
    answer.outcome = String(await SCENARIOS[name].run(place, { program: `${directory}/missing` }));
  } catch (error) {
    answer.outcome = 'throws';
    answer.error = describe(error);
  }
  mark('end');
  holder.end();
  // Before the cleanup: after a failure nothing may be held.
  if (answer.outcome === 'throws' && !place.holding) answer.free = await isFree(place);
  for (const step of place.cleanup.reverse()) await quietly(step);
  return answer;
}

async function isFree(place) {
  return (await another.start(name, place, 0)).served;
}

async function quietly(step) {
  try {
    await step();
  } catch {
    // The file stays; the next run begins with an empty directory.
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

/** The number of open files, once it is down to `wanted` or SETTLE_MS have passed. */
async function settle(wanted) {
  const deadline = performance.now() + SETTLE_MS;
  while (openFiles() > wanted && performance.now() < deadline) await sleep(5);
  return openFiles();
}
