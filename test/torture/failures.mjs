// Fails each system call that the addon makes in a scenario, once with each error, and looks at what comes of it.
import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from './scenarios.mjs';
import { callName, listCalls, trace } from './tracing.mjs';

const VICTIM = fileURLToPath(new URL('failing-victim.mjs', import.meta.url));
/** Milliseconds without a line: the victim hangs. */
const HANG_MS = 30_000;

/** The errors of issue and manual pages; each call gets all of them. */
export const ERRORS = [
  'EINTR EAGAIN EIO ENOSPC EDQUOT EROFS EMFILE ENFILE ENOLCK EACCES EPERM ENOENT ESTALE ENOTSUP ENOSYS',
  'EADDRINUSE EADDRNOTAVAIL ENOBUFS ENOMEM',
].flatMap((line) => line.split(' '));
/** Node has no number for these. */
const MISSING = { ENFILE: 23, ENOLCK: 37, EDQUOT: 122, ESTALE: 116 };
/** Memory (a malloc() that fails ends any C++ program), what a thread does at its end, and calls that cannot fail. */
const NOT_OURS =
  /^(mmap|munmap|mremap|brk|mprotect|madvise|futex|rt_sig\w+|exit|rseq|set_robust_list|getpid|gettid|geteuid|prctl)$/;
const TRANSFERS = /^(p?read|p?write)(64)?$/;
const COUNTS = /^(p?read(64)?|p?write(64)?|readlink(at)?|getdents64|poll)$/;

const numberOf = (error) => constants.errno[error] ?? MISSING[error];

/** The addon's calls, as a warm process makes them, or a process that makes them for the first time. */
export async function failableCalls({ tracer, folder, port }, name, warm) {
  const plan = writePlan(folder, {
    warm,
    injections: [{ action: 'trace', thread: 0, ordinal: 0, value: 0, number: 0 }],
  });
  const place = prepare(name, join(folder, 'fail'), port);
  const calls = await listCalls(tracer, commandOf(name, place, plan, 0), process.env);
  return calls.filter(isFailable);
}

/** Beside the main thread a write() is libuv's own wake-up of the event loop, and libuv aborts if that fails (uv__async_send). */
function isFailable({ thread, ordinal, call }) {
  const wakesLoop = thread > 0 && call === 'write';
  return ordinal > 0 && !NOT_OURS.test(call) && !wakesLoop;
}

/** Every injection for the calls: errors, no bytes, half of the bytes. */
export function injectionsOf(calls) {
  return calls.flatMap((call) => [
    ...ERRORS.map((error) => ({ ...call, ...failureOf(call, error) })),
    ...(COUNTS.test(call.call) ? [{ ...call, action: 'skip', value: 0, injected: '0' }] : []),
    ...(TRANSFERS.test(call.call) ? [{ ...call, action: 'short', value: 0, injected: 'short' }] : []),
  ]);
}

/** close() releases the descriptor whatever it returns (man 2 close), so it is made. */
function failureOf({ call }, error) {
  return { action: call === 'close' ? 'override' : 'skip', value: -numberOf(error), injected: error };
}

/** Runs every injection; the victim is started again after one that ended it. `lane`: `{ tracer, folder, port }`. */
export async function failAt(lane, name, { warm, injections, onResult }) {
  const results = [];
  // Without a warm process each injection wants a new one.
  const batches = warm ? [injections] : injections.map((each) => [each]);
  for (const batch of batches) {
    for (let from = 0; from < batch.length; ) {
      const some = await runBatch(lane, name, { warm, injections: batch, from });
      for (const each of some) onResult?.(each);
      results.push(...some);
      from += some.length;
    }
  }
  return results;
}

/** The results from `from` on, up to the end or to the injection that ended the victim. */
async function runBatch({ tracer, folder, port }, name, { warm, injections, from }) {
  const plan = writePlan(folder, { warm, injections });
  const place = prepare(name, join(folder, 'fail'), port);
  const results = [];
  let done = null;
  let began = false;
  let ending = '';
  const watchdog = newWatchdog(() => {
    ending = 'hang';
    tracing.kill();
  });
  const tracing = trace(tracer, commandOf(name, place, plan, from), {
    onReport: ([kind, ...fields]) => {
      if (kind === 'done') done = callName(Number(fields[2]));
      if (kind === 'exit' || kind === 'signal') ending ||= `${kind} ${fields[0]}`;
    },
    onOutput: (line) => {
      watchdog.feed();
      const said = JSON.parse(line);
      began = said.begins === true;
      if (said.begins) done = null;
      else results.push(judge(injections[said.at], said, done));
    },
  });
  const { errors } = await tracing.ended;
  watchdog.stop();
  if (results.length < injections.length - from && !began) throw new Error(`${name}: ${ending || 'no end'}: ${errors}`);
  if (began) results.push(brokenOff(injections[from + results.length], ending, errors));
  return results;
}

function newWatchdog(bark) {
  let timer = setTimeout(bark, HANG_MS);
  return {
    feed() {
      clearTimeout(timer);
      timer = setTimeout(bark, HANG_MS);
    },
    stop: () => clearTimeout(timer),
  };
}

const identityOf = ({ thread, ordinal, call, path, injected }) => ({ thread, ordinal, call, path, injected });

function brokenOff(injection, ending, errors) {
  return {
    ...identityOf(injection),
    outcome: ending,
    problems: [`the process ended: ${ending} ${errors.slice(-300)}`],
  };
}

function judge(injection, said, done) {
  const { outcome, error, free, next, there, leaked, loose } = said;
  const problems = [];
  if (error !== null && !isTyped(error)) problems.push(`an error without a code: ${error.name}: ${error.message}`);
  if (error !== null && !namesPlace(error)) problems.push(`an error that does not name the path: ${error.message}`);
  if (!free) problems.push('the lock is held after a failure');
  if (next === 'refused' || (next === 'throws' && said.nextError.code !== 'ENOENT')) {
    problems.push(`the next attempt fails: ${said.nextError?.message ?? next}`);
  }
  if (!there.served) problems.push(`another process is refused afterwards: ${there.error ?? ''}`);
  if (leaked > 0) problems.push(`${leaked} descriptors leaked`);
  for (const each of loose) problems.push(`an error that nobody can catch: ${each.message}`);
  const said2 = error === null ? outcome : describe(error);
  return { ...identityOf(injection), made: done ?? 'not reached', outcome: said2, message: error?.message, problems };
}

const isTyped = ({ code }) => typeof code === 'string' && /^E/.test(code);
const namesPlace = ({ message, where }) => where !== null || /[/:]/.test(message);

/** "throws ERR_LOCK_PERMISSION (EACCES, open)" */
function describe({ code, system, syscall }) {
  const details = [system === code ? null : system, syscall].filter(Boolean).join(', ');
  return `throws ${code}${details === '' ? '' : ` (${details})`}`;
}

function commandOf(name, { directory, port }, plan, from) {
  return [process.execPath, VICTIM, name, directory, String(port), plan, String(from)];
}

function writePlan(folder, plan) {
  const file = join(folder, 'plan.json');
  writeFileSync(file, JSON.stringify(plan));
  return file;
}
