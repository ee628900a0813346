// Runs the built gateway-lock command (dist/cli/main.js) or another program with a fresh home
// directory and a clean environment, so that a test never touches the user's real state.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { whyNoSignals } from './capabilities.js';
import { freshDirectory } from './directories.js';
import { until } from './until.js';

export const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Options of {@link start}. */
export interface CommandOptions {
  /**
   * Home directory.
   *
   * @default a fresh directory
   */
  readonly home?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** A program to run instead of the gateway-lock command. */
  readonly program?: readonly string[];
  /**
   * Stdin of the process.
   *
   * @default 'ignore'
   */
  readonly stdin?: 'ignore' | 'pipe';
}

/** The result of a finished process. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** A running process. `out` and `err` grow while it runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ended: Promise<Ended>;
  out: string;
  err: string;
}

/**
 * Returns an environment without this machine's variables for lock paths, supervisors and colours.
 */
export function environment(home: string, extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    ...requiredVariables(),
    PATH: searchPath(),
    HOME: home,
    USERPROFILE: home,
    TERM: 'xterm',
    LANG: 'C.UTF-8',
    ...extra,
  };
}

/** Returns a PATH that begins with `first` and the directory of the current Node. */
export function searchPath(...first: readonly string[]): string {
  return [...first, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
}

/**
 * Returns the variables that a Windows program needs for sockets, temporary files and a shell, and
 * those with which `npm run test:matrix` names the addon and the C++ library of musl.
 */
function requiredVariables(): NodeJS.ProcessEnv {
  const names = ['SystemRoot', 'TEMP', 'TMP', 'PATHEXT', 'ComSpec', 'GATEWAY_LOCK_PREBUILD', 'LD_LIBRARY_PATH'];
  return Object.fromEntries(names.filter((name) => name in process.env).map((name) => [name, process.env[name]]));
}

/** Starts the command, which is killed with its process group after the test. */
export function start(args: readonly string[], options: CommandOptions = {}): Running {
  const { home = freshDirectory(), env, cwd, program = [process.execPath, COMMAND], stdin = 'ignore' } = options;
  const [file, ...words] = [...program, ...args];
  const child = spawnPatiently(file!, words, {
    env: environment(home, env),
    stdio: [stdin, 'pipe', 'pipe'],
    // A separate process group, so that a program that outlives the command is also killed.
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

/** Wine sometimes fails to create a process, with an error that Node reports as UNKNOWN. */
function spawnPatiently(file: string, words: readonly string[], options: SpawnOptions): ChildProcess {
  for (let attemptsLeft = 2; ; attemptsLeft--) {
    try {
      return spawn(file, words, options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'UNKNOWN' || attemptsLeft === 0) throw error;
    }
  }
}

function endGroup(leader: number): void {
  try {
    process.kill(whyNoSignals === null ? -leader : leader, 'SIGKILL');
  } catch {
    // All processes in the group have already ended.
  }
}

/** Runs the command until it ends. */
export function gatewayLock(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  return start(args, options).ended;
}

/** Waits until stdout matches. Rejects if the process ends first. */
export async function untilPrinted(run: Running, expected: RegExp): Promise<void> {
  let ended = false;
  void run.ended.then(() => (ended = true));
  await until(() => expected.test(run.out) || ended, `${expected} in:\n${run.out}${run.err}`, 20_000);
  if (!expected.test(run.out)) throw new Error(`the process ended without ${expected}:\n${run.out}${run.err}`);
}

/** Waits for the first line, the pid of the program, and returns it. */
export async function printedPid(run: Running): Promise<number> {
  await untilPrinted(run, /^\d+\n/);
  return Number.parseInt(run.out, 10);
}

/** Returns true if the process exists, including as a zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
