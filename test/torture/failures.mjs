// Makes each of the addon's system calls in a scenario fail once with each possible error, and
// checks the outcome.
import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from './scenarios.mjs';
import { callName, listCalls, trace } from './tracing.mjs';

const VICTIM = fileURLToPath(new URL('failing-victim.mjs', import.meta.url));
/** The time without output, in milliseconds, after which the victim is considered hung. */
const HANG_MS = 30_000;

/**
 * The errors of each system call, according to its manual page. The call is made to fail with each
 * of these errors.
 */
export const ERRORS = [
  'EINTR EAGAIN EIO ENOSPC EDQUOT EROFS EMFILE ENFILE ENOLCK EACCES EPERM ENOENT ESTALE ENOTSUP ENOSYS',
  'EADDRINUSE EADDRNOTAVAIL ENOBUFS ENOMEM',
].flatMap((line) => line.split(' '));
/** The numbers of errors that Node's os.constants.errno lacks. */
const MISSING = { ENFILE: 23, ENOLCK: 37, EDQUOT: 122, ESTALE: 116 };
/**
 * System calls that are not made to fail: memory calls (a failed malloc() ends any C++ program),
 * calls at the end of a thread, and calls that cannot fail.
 */
const NOT_INJECTED =
  /^(mmap|munmap|mremap|brk|mprotect|madvise|futex|rt_sig\w+|exit|rseq|set_robust_list|getpid|gettid|geteuid|prctl)$/;
const TRANSFERS = /^(p?read|p?write)(64)?$/;
const COUNTS = /^(p?read(64)?|p?write(64)?|readlink(at)?|getdents64|poll)$/;

const numberOf = (error) => constants.errno[error] ?? MISSING[error];

/**
 * Returns the addon's calls in a scenario. Runs the scenario in a process that has run the scenario
 * before (`warm`), or in a new process.
 */
export async function failableCalls({ tracer, folder, port }, name, warm) {
  const plan = writePlan(folder, {
    warm,
    injections: [{ action: 'trace', thread: 0, ordinal: 0, value: 0, number: 0 }],
  });
  const fixture = prepare(name, join(folder, 'fail'), port);
  const calls = await listCalls(tracer, commandOf(name, fixture, plan, 0), process.env);
  return calls.filter(isFailable);
}

/**
 * Returns false for a write() outside the main thread. libuv wakes the event loop with such a
 * write(), and aborts the process if the write() fails (uv__async_send).
 */
function isFailable({ thread, ordinal, call }) {
  const wakesLoop = thread > 0 && call === 'write';
  return ordinal > 0 && !NOT_INJECTED.test(call) && !wakesLoop;
}

/**
 * Returns every injection for the calls: each error, a transfer of no bytes, and a transfer of half
 * of the bytes.
 */
export function injectionsOf(calls) {
  return calls.flatMap((call) => [
    ...ERRORS.map((error) => ({ ...call, ...failureOf(call, error) })),
    ...(COUNTS.test(call.call) ? [{ ...call, action: 'skip', value: 0, injected: '0' }] : []),
    ...(TRANSFERS.test(call.call) ? [{ ...call, action: 'short', value: 0, injected: 'short' }] : []),
  ]);
}

/**
 * Returns how to inject a failure. A call of close() is still made, because close() closes the
 * descriptor even if it fails (close(2)).
 */
function failureOf({ call }, error) {
  return { action: call === 'close' ? 'override' : 'skip', value: -numberOf(error), injected: error };
}

/**
 * Runs every injection. Starts a new victim after an injection that ended the old victim.
 * `worker`: `{ tracer, folder, port }`.
 */
export async function failAt(worker, name, { warm, injections, onResult }) {
  const results = [];
  // Uses a new process for each injection that is not warm.
  const batches = warm ? [injections] : injections.map((each) => [each]);
  for (const batch of batches) {
    for (let from = 0; from < batch.length; ) {
      const some = await runBatch(worker, name, { warm, injections: batch, from });
      for (const each of some) onResult?.(each);
      results.push(...some);
      from += some.length;
    }
  }
  return results;
}

/**
 * Runs the injections from index `from` on. Returns their results, up to the injection that ended
 * the victim.
 */
async function runBatch({ tracer, folder, port }, name, { warm, injections, from }) {
  const plan = writePlan(folder, { warm, injections });
  const fixture = prepare(name, join(folder, 'fail'), port);
  const results = [];
  let done = null;
  let began = false;
  let ending = '';
  const watchdog = newWatchdog(() => {
    ending = 'hang';
    tracing.kill();
  });
  const tracing = trace(tracer, commandOf(name, fixture, plan, from), {
    onReport: ([kind, ...fields]) => {
      if (kind === 'done') done = callName(Number(fields[2]));
      if (kind === 'exit' || kind === 'signal') ending ||= `${kind} ${fields[0]}`;
    },
    onOutput: (line) => {
      watchdog.feed();
      const result = JSON.parse(line);
      began = result.begins === true;
      if (result.begins) done = null;
      else results.push(judge(injections[result.at], result, done));
    },
  });
  const { errors } = await tracing.ended;
  watchdog.stop();
  if (results.length < injections.length - from && !began)
    throw new Error(
      `${name}: the victim ended before it made every injection (${ending || 'unknown reason'}): ${errors}`,
    );
  if (began) results.push(endedBy(injections[from + results.length], ending, errors));
  return results;
}

function newWatchdog(onHang) {
  let timer = setTimeout(onHang, HANG_MS);
  return {
    feed() {
      clearTimeout(timer);
      timer = setTimeout(onHang, HANG_MS);
    },
    stop: () => clearTimeout(timer),
  };
}

const identityOf = ({ thread, ordinal, call, path, injected }) => ({ thread, ordinal, call, path, injected });

function endedBy(injection, ending, errors) {
  return {
    ...identityOf(injection),
    outcome: ending,
    problems: [`the process ended: ${ending} ${errors.slice(-300)}`],
  };
}

function judge(injection, result, done) {
  const { outcome, error, free, next, there, leaked, uncaught } = result;
  const problems = [];
  if (error !== null && !isTyped(error)) problems.push(`the error has no code: ${error.name}: ${error.message}`);
  if (error !== null && !namesTarget(error))
    problems.push(`the error names neither path nor address: ${error.message}`);
  if (!free) problems.push('the lock is still held after the failed attempt');
  if (next === 'refused' || (next === 'throws' && result.nextError.code !== 'ENOENT')) {
    problems.push(`the next attempt failed: ${result.nextError?.message ?? next}`);
  }
  if (!there.served) problems.push(`another process cannot acquire the lock afterwards: ${there.error ?? ''}`);
  if (leaked > 0) problems.push(`${leaked} descriptors leaked`);
  for (const each of uncaught) problems.push(`an error that no caller can catch: ${each.message}`);
  const described = error === null ? outcome : describe(error);
  return {
    ...identityOf(injection),
    made: done ?? 'not reached',
    outcome: described,
    message: error?.message,
    problems,
  };
}

const isTyped = ({ code }) => typeof code === 'string' && /^E/.test(code);
const namesTarget = ({ message, where }) => where !== null || /[/:]/.test(message);

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
