// The gateway-lock command, and the programs that it runs, in a home of their own.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import { until } from './places.js';

export const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const running = new Set<ChildProcess>();
const groups = new Set<number>();

/** What would make a test machine's own supervisor, state or terminal count. */
const NOT_INHERITED =
  /^(INVOCATION_ID|SYSTEMD_EXEC_PID|JOURNAL_STREAM|XPC_SERVICE_NAME|LISTEN_.*|GATEWAY_.*|NO_COLOR|FORCE_COLOR)$/;

export interface Run {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  out: string;
  err: string;
}

export function startCommand(args: readonly string[], home: string, options: SpawnOptions = {}): Run {
  return startProgram(process.execPath, [COMMAND, ...args], home, options);
}

export function startProgram(file: string, args: readonly string[], home: string, options: SpawnOptions = {}): Run {
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name));
  const env = { ...Object.fromEntries(inherited), HOME: home, ...options.env };
  // A process group of its own, so that a program which outlives its wrapper is ended, too.
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...options, env });
  running.add(child);
  groups.add(child.pid!);
  const ended = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    return { code: code as number | null, signal: signal as string | null };
  });
  const run: Run = { child, pid: child.pid!, ended, out: '', err: '' };
  child.stdout?.on('data', (chunk) => (run.out += chunk));
  child.stderr?.on('data', (chunk) => (run.err += chunk));
  return run;
}

/** To the end: what it printed, and how it ended. */
export async function command(args: readonly string[], home: string, options: SpawnOptions = {}) {
  const run = startCommand(args, home, options);
  const { code, signal } = await run.ended;
  return { code, signal, out: run.out, err: run.err };
}

/** The number that a program has printed first: its pid. */
export async function printedPid(run: Run): Promise<number> {
  await until(() => /^\d+\n/.test(run.out) || run.child.exitCode !== null, 'the pid that the program prints');
  const pid = Number.parseInt(run.out, 10);
  if (Number.isNaN(pid)) throw new Error(`no pid: ${run.out}${run.err}`);
  return pid;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

afterEach(async () => {
  for (const group of groups) endGroup(group);
  groups.clear();
  await until(() => running.size === 0, 'all commands reaped');
});

function endGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Nobody of it is left.
  }
}
