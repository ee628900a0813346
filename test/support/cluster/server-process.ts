// Starts a server that ends with the test process, even if that is killed. Creates a directory in
// memory for the server's data.
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chmodSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../free-port.js';

const MEMORY = '/dev/shm';

/**
 * Creates a directory in memory, or in the temporary directory if /dev/shm is not writable. The
 * caller removes it with {@link removeDirectory}.
 */
export function memoryDirectory(): string {
  const directory = mkdtempSync(join(isWritable(MEMORY) ? MEMORY : tmpdir(), 'gateway-lock-cluster-'));
  chmodSync(directory, 0o755);
  return directory;
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The prefix that makes the kernel kill the server when the test process dies (PR_SET_PDEATHSIG).
 */
const DIES_WITH_PARENT =
  spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0 ? ['setpriv', '--pdeathsig', 'KILL'] : [];

/** Options of a server. */
export interface ServerOptions {
  /** The user that runs the server if this process is root. */
  readonly user?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A running server. */
export class ServerProcess {
  readonly child: ChildProcess;
  /** The last 20,000 characters of the server's output. */
  output = '';

  constructor(command: readonly string[], { user, cwd, env }: ServerOptions = {}) {
    const as = user !== undefined && process.getuid?.() === 0 ? asUser(user) : [];
    const [program, ...args] = [...commandPrefix(as), ...command];
    this.child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd, env: { ...process.env, ...env } });
    this.child.on('error', (error) => {
      this.output += error.message;
    });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.on('data', (chunk) => {
        this.output = `${this.output}${chunk}`.slice(-20_000);
      });
  }

  get running(): boolean {
    return this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Sends a signal and waits until the server ends. After 10 s, kills it. */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.running) return;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    this.child.kill('SIGCONT');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  }
}

/** Returns the words to put before the command of the server. */
function commandPrefix(as: readonly string[]): string[] {
  if (DIES_WITH_PARENT.length > 0) return [...DIES_WITH_PARENT, ...as];
  return as.length === 0 ? [] : ['setpriv', ...as];
}

function asUser(user: string): string[] {
  return ['--reuid', user, '--regid', user, '--clear-groups'];
}

/** Runs a command, as `user` if this process is root, and waits until it ends. */
export async function runAs(user: string, command: readonly string[], cwd: string): Promise<void> {
  const as = process.getuid?.() === 0 ? ['setpriv', ...asUser(user)] : [];
  const [program, ...args] = [...as, ...command];
  await promisify(execFile)(program!, args, { cwd, timeout: 60_000 });
}

/** Returns `count` different free ports. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

/**
 * Repeats `attempt` until it succeeds. Rejects with the last error after `limitMs` milliseconds.
 */
export async function eventually<T>(attempt: () => T | Promise<T>, limitMs = 30_000): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
