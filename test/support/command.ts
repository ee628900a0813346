// The real command in a process of its own, with a home of its own, so that the defaults are tested and nobody's
// real state is touched.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { whyNoSignals } from './capabilities.js';
import { freshDirectory, until } from './places.js';

export const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface CommandOptions {
  /** @default a fresh directory */
  readonly home?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Instead of the command's own file, for a program that calls it, or another one. */
  readonly program?: readonly string[];
  /** @default 'ignore' */
  readonly stdin?: 'ignore' | 'pipe';
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ended: Promise<Ended>;
  out: string;
  err: string;
}

/** No variable of the machine that runs the tests decides where locks lie, who supervises, or what is coloured. */
export function environment(home: string, extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { GATEWAY_LOCK_PREBUILD } = process.env;
  const addon = GATEWAY_LOCK_PREBUILD === undefined ? {} : { GATEWAY_LOCK_PREBUILD };
  const PATH = searchPath();
  return { ...systemsOwn(), PATH, HOME: home, USERPROFILE: home, TERM: 'xterm', LANG: 'C.UTF-8', ...addon, ...extra };
}

/** Before what is found anyway: `node` is the Node of the tests, also where none is installed. */
export function searchPath(...first: readonly string[]): string {
  return [...first, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
}

/** Without these no program of Windows has sockets, temporary files or a shell. */
function systemsOwn(): NodeJS.ProcessEnv {
  const names = ['SystemRoot', 'TEMP', 'TMP', 'PATHEXT', 'ComSpec'];
  return Object.fromEntries(names.filter((name) => name in process.env).map((name) => [name, process.env[name]]));
}

export function start(args: readonly string[], options: CommandOptions = {}): Running {
  const { home = freshDirectory(), env, cwd, program = [process.execPath, COMMAND], stdin = 'ignore' } = options;
  const [file, ...words] = [...program, ...args];
  const child = spawn(file!, words, {
    env: environment(home, env),
    stdio: [stdin, 'pipe', 'pipe'],
    // A process group of its own, so that a program which outlives its wrapper is ended, too.
    detached: true,
    ...(cwd === undefined ? {} : { cwd }),
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, out: run.out, err: run.err }) as Ended);
  const run: Running = { child, pid: child.pid!, ended, out: '', err: '' };
  child.stdout!.setEncoding('utf8').on('data', (chunk) => (run.out += chunk));
  child.stderr!.setEncoding('utf8').on('data', (chunk) => (run.err += chunk));
  onTestFinished(async () => {
    endGroup(child.pid!);
    await ended;
  });
  return run;
}

function endGroup(leader: number): void {
  try {
    process.kill(whyNoSignals === null ? -leader : leader, 'SIGKILL');
  } catch {
    // Nobody of it is left.
  }
}

export function gatewayLock(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  return start(args, options).ended;
}

/** Resolves when it has printed what is expected; rejects with what it said instead when it ends before. */
export async function untilPrinted(run: Running, expected: RegExp): Promise<void> {
  let over = false;
  void run.ended.then(() => (over = true));
  await until(() => expected.test(run.out) || over, `${expected} in:\n${run.out}${run.err}`, 20_000);
  if (!expected.test(run.out)) throw new Error(`it ended without ${expected}:\n${run.out}${run.err}`);
}

/** The number that a program has printed first: its pid. */
export async function printedPid(run: Running): Promise<number> {
  await untilPrinted(run, /^\d+\n/);
  return Number.parseInt(run.out, 10);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
