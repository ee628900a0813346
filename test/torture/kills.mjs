// Kills a victim at the entry and at the exit of each system call of a scenario, then checks that
// the lock is free and usable.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { holdFirst, isFree, prepare, SCENARIOS } from './scenarios.mjs';
import { StarterProcess } from './starter-process.mjs';
import { callName, listCalls, trace } from './tracing.mjs';

const VICTIM = fileURLToPath(new URL('victim.mjs', import.meta.url));
/**
 * The time limit of the next start, in milliseconds. The package promises 1 s; the remaining time
 * allows for a busy machine.
 */
const STARTER_MS = 10_000;
const VICTIM_MS = 20_000;
/** The environment variable that marks a victim and its children. */
const TOKEN = 'GATEWAY_LOCK_TORTURE';

/** Returns the system calls of one undisturbed run of a scenario. */
export async function callsOf({ tracer, folder, port }, name) {
  const fixture = prepare(name, join(folder, 'trace'), port);
  const holder = await holdFirst(name, fixture);
  const calls = await listCalls(tracer, commandOf(name, fixture, 'trace'), environmentOf(fixture), holder.begin);
  holder.end();
  await endChildren(fixture);
  return calls;
}

/** Returns two kill points per call: one before and one after the call. */
export function pointsOf(calls) {
  return calls.flatMap(({ thread, index, call, held }) =>
    ['entry', 'exit'].map((when) => ({ thread, index, call, held, when })),
  );
}

/**
 * Runs a victim for each kill point and kills the victim at the point. `worker` is an object
 * `{ tracer, folder, port }` that no other caller uses at the same time.
 */
export async function killAt(worker, name, points, onPoint) {
  const starter = new StarterProcess();
  const results = [];
  try {
    for (const point of points) {
      results.push(await killOnce(worker, name, point, starter));
      onPoint?.(results.at(-1));
    }
  } finally {
    starter.close();
  }
  return results;
}

async function killOnce(worker, name, point, starter) {
  const fixture = prepare(name, join(worker.folder, 'kill'), worker.port);
  const run = { name, fixture, point, starter, problems: [], outcome: 'not reached' };
  const holder = await holdFirst(name, fixture);
  run.holder = holder;
  const request = `pause-${point.when}/${point.thread}/${point.index}/0`;
  const tracing = trace(worker.tracer, commandOf(name, fixture, request), {
    env: environmentOf(fixture),
    onReport: ([kind, ...fields]) => {
      if (kind === 'begin') holder.begin();
      if (kind === 'hit') run.hit = atPoint(run, fields.map(Number), tracing);
      if (kind === 'exec') process.kill(Number(fields[0]), 'SIGKILL');
    },
  });
  const late = setTimeout(() => {
    run.problems.push(`the victim did not end within ${VICTIM_MS} ms`);
    tracing.kill();
  }, VICTIM_MS);
  await tracing.ended;
  clearTimeout(late);
  holder.end();
  await run.hit;
  await endChildren(fixture);
  const { call = point.call, held = 0, ms = 0 } = run;
  return { name, ...point, call, held, ms, outcome: run.outcome, problems: run.problems };
}

/**
 * Checks the victim while it is stopped at the kill point, kills the victim, and checks the lock
 * afterwards.
 */
async function atPoint(run, [, , number, held, pid], tracing) {
  const { name, fixture, starter, problems } = run;
  run.call = callName(number);
  run.held = held;
  run.outcome = 'killed';
  const second = await attempt(run, 0);
  if (second !== null && held === 1) problems.push('another process acquired the lock while the victim held it');
  await second?.();
  run.holder.end();
  const waiter = starter.start(name, fixture, STARTER_MS);
  tracing.answer('k');
  const killed = performance.now();
  await tracing.ended;
  if (isAlive(pid)) problems.push('the victim is still alive after SIGKILL');
  if (SCENARIOS[name].leavesChild) await checkChildren(run, held);
  const next = await attempt(run, STARTER_MS);
  run.ms = performance.now() - killed;
  if (next === null) problems.push('the next start was refused');
  await next?.();
  const served = await waiter;
  if (!served.served) problems.push(`a waiter in another process did not acquire the lock: ${served.error ?? ''}`);
  if (!isFree(name, fixture)) problems.push('probeLock() reports a holder after all processes have ended');
}

/** Checks that a child that has inherited the lock still holds it, then ends the child. */
async function checkChildren(run, held) {
  const children = childrenOf(run.fixture);
  if (children.length > 0 && held === 1) {
    const second = await attempt(run, 0);
    if (second !== null) run.problems.push('another process acquired the lock while the child held it');
    await second?.();
  }
  await endChildren(run.fixture);
}

async function attempt({ name, fixture, problems }, timeoutMs) {
  try {
    return await SCENARIOS[name].start(fixture, timeoutMs);
  } catch (error) {
    problems.push(`a start failed: ${error?.code ?? ''} ${error?.message ?? error}`);
    return null;
  }
}

function commandOf(name, { directory, port }, request) {
  mkdirSync(directory, { recursive: true });
  return [process.execPath, VICTIM, name, directory, String(port), request];
}

const environmentOf = ({ directory }) => ({ ...process.env, [TOKEN]: directory });

/** Returns true if the process exists and is not a zombie. */
function isAlive(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !'ZX'.includes(stat.slice(stat.lastIndexOf(')') + 2)[0]);
  } catch {
    return false;
  }
}

/** Returns the pids of the processes that have inherited the victim's environment. */
function childrenOf({ directory }) {
  const wanted = `${TOKEN}=${directory}\0`;
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => isAlive(pid) && environmentHas(pid, wanted));
}

function environmentHas(pid, wanted) {
  try {
    return `${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`.includes(wanted);
  } catch {
    return false;
  }
}

async function endChildren(fixture) {
  for (const deadline = performance.now() + VICTIM_MS; performance.now() < deadline; await sleep(2)) {
    const children = childrenOf(fixture);
    if (children.length === 0) return;
    for (const pid of children) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // The process has already ended.
      }
    }
  }
}
