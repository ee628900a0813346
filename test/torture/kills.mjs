// Kills a victim at the entry and at the exit of each system call of a scenario, and looks at what is left.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AnotherProcess } from './another-process.mjs';
import { holdFirst, isInert, prepare, SCENARIOS } from './scenarios.mjs';
import { callName, listCalls, trace } from './tracing.mjs';

const VICTIM = fileURLToPath(new URL('victim.mjs', import.meta.url));
/** Milliseconds. The promise is 1 s; a starter that is late because the machine is busy is still served. */
const STARTER_MS = 10_000;
const VICTIM_MS = 20_000;
/** In the environment of a victim and of what it starts. */
const TOKEN = 'GATEWAY_LOCK_TORTURE';

/** The calls of a scenario, in one run that nothing disturbs. */
export async function callsOf({ tracer, folder, port }, name) {
  const place = prepare(name, join(folder, 'trace'), port);
  const holder = await holdFirst(name, place);
  const calls = await listCalls(tracer, commandOf(name, place, 'trace'), environmentOf(place), holder.begin);
  holder.end();
  await endChildren(place);
  return calls;
}

/** Each call twice: killed before it is made, and after. */
export function pointsOf(calls) {
  return calls.flatMap(({ thread, index, call }) => ['entry', 'exit'].map((when) => ({ thread, index, call, when })));
}

/** Kills at each point. `lane`: `{ tracer, folder, port }`, for this caller alone. */
export async function killAt(lane, name, points, onPoint) {
  const another = new AnotherProcess();
  const results = [];
  try {
    for (const point of points) {
      results.push(await killOnce(lane, name, point, another));
      onPoint?.(results.at(-1));
    }
  } finally {
    another.close();
  }
  return results;
}

async function killOnce(lane, name, point, another) {
  const place = prepare(name, join(lane.folder, 'kill'), lane.port);
  const run = { name, place, point, another, problems: [], outcome: 'not reached' };
  const holder = await holdFirst(name, place);
  run.holder = holder;
  const request = `pause-${point.when}/${point.thread}/${point.index}/0`;
  const tracing = trace(lane.tracer, commandOf(name, place, request), {
    env: environmentOf(place),
    onReport: ([kind, ...fields]) => {
      if (kind === 'begin') holder.begin();
      if (kind === 'hit') run.hit = atPoint(run, fields.map(Number), tracing);
      if (kind === 'exec') process.kill(Number(fields[0]), 'SIGKILL');
    },
  });
  const late = setTimeout(() => {
    run.problems.push('the victim did not end');
    tracing.kill();
  }, VICTIM_MS);
  await tracing.ended;
  clearTimeout(late);
  holder.end();
  await run.hit;
  await endChildren(place);
  const { call = point.call, held = 0, ms = 0 } = run;
  return { name, ...point, call, held, ms, outcome: run.outcome, problems: run.problems };
}

/** The victim stands still. */
async function atPoint(run, [, , number, held, pid], tracing) {
  const { name, place, another, problems } = run;
  run.call = callName(number);
  run.held = held;
  run.outcome = 'killed';
  const intruder = await attempt(run, 0);
  if (intruder !== null && held === 1) problems.push('a second holder beside the victim');
  await intruder?.();
  run.holder.end();
  const waiter = another.start(name, place, STARTER_MS);
  tracing.answer('k');
  const killed = performance.now();
  await tracing.ended;
  if (isAlive(pid)) problems.push('the victim is alive after SIGKILL');
  if (SCENARIOS[name].leavesChild) await checkChildren(run, held);
  const next = await attempt(run, STARTER_MS);
  run.ms = performance.now() - killed;
  if (next === null) problems.push('the next starter was refused');
  await next?.();
  const served = await waiter;
  if (!served.served) problems.push(`a waiter was not served: ${served.error ?? ''}`);
  if (!isInert(name, place)) problems.push('what is left names a holder');
}

/** A child that has inherited the lock keeps it until it ends. */
async function checkChildren(run, held) {
  const children = childrenOf(run.place);
  if (children.length > 0 && held === 1) {
    const intruder = await attempt(run, 0);
    if (intruder !== null) run.problems.push('a second holder beside the heir');
    await intruder?.();
  }
  await endChildren(run.place);
}

async function attempt({ name, place, problems }, timeoutMs) {
  try {
    return await SCENARIOS[name].start(place, timeoutMs);
  } catch (error) {
    problems.push(`a starter failed: ${error?.code ?? ''} ${error?.message ?? error}`);
    return null;
  }
}

function commandOf(name, { directory, port }, request) {
  mkdirSync(directory, { recursive: true });
  return [process.execPath, VICTIM, name, directory, String(port), request];
}

const environmentOf = ({ directory }) => ({ ...process.env, [TOKEN]: directory });

/** A zombie is not alive. */
function isAlive(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !'ZX'.includes(stat.slice(stat.lastIndexOf(')') + 2)[0]);
  } catch {
    return false;
  }
}

/** What the victim has started, by what it has inherited from it. */
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

async function endChildren(place) {
  for (const deadline = performance.now() + VICTIM_MS; performance.now() < deadline; await sleep(2)) {
    const children = childrenOf(place);
    if (children.length === 0) return;
    for (const pid of children) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
  }
}
