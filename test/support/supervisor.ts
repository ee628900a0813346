// What systemd does with Restart=always, RestartSec=, RestartPreventExitStatus= and StartLimitIntervalSec=0, for
// machines without systemd. It knows one process, not a cgroup: what that one spawned is not its business.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { Exit } from './actors.js';

const STOP_MS = 10_000;
/** systemd's own exit status for a program that cannot be executed; it is restarted like any other. */
const EXIT_EXEC = 203;

export interface SuperviseOptions {
  readonly command: readonly [string, ...string[]];
  /** The whole environment; INVOCATION_ID, new for each start, is added. */
  readonly env?: NodeJS.ProcessEnv;
  /** RestartSec, in milliseconds; default 100, as systemd's. */
  readonly restartMs?: number;
  readonly preventExitStatus?: readonly number[];
}

/** Starts it at once. Stopped when the test has finished. */
export function supervise(options: SuperviseOptions): Supervised {
  const supervised = new Supervised(options);
  onTestFinished(() => supervised.stop());
  return supervised;
}

export class Supervised {
  starts = 0;
  state: 'running' | 'stopped' | 'restarting' = 'stopped';
  output = '';
  readonly exits: Exit[] = [];
  readonly #options: SuperviseOptions;
  #child: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: SuperviseOptions) {
    this.#options = options;
    this.#start();
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** SIGTERM, after 10 seconds SIGKILL, and no restart. Resolves when the process is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    if (this.state === 'restarting') this.state = 'stopped';
    this.#child?.kill('SIGTERM');
    const tooLong = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_MS);
    await this.#ended;
    clearTimeout(tooLong);
  }

  #start(): void {
    const { command, env = process.env } = this.#options;
    const [program, ...args] = command;
    const invocation = { INVOCATION_ID: randomUUID().replaceAll('-', '') };
    const child = spawn(program, args, { env: { ...env, ...invocation }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.starts++;
    this.state = 'running';
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (this.output += chunk));
    this.#ended = new Promise((resolve) => {
      const end = (exit: Exit) => {
        this.#hasEnded(exit);
        resolve();
      };
      child.once('exit', (code, signal) => end({ code, signal }));
      child.once('error', () => child.pid ?? end({ code: EXIT_EXEC, signal: null }));
    });
  }

  #hasEnded(exit: Exit): void {
    const { restartMs = 100, preventExitStatus = [] } = this.#options;
    this.#child = null;
    this.exits.push(exit);
    const final = this.#stopping || (exit.code !== null && preventExitStatus.includes(exit.code));
    this.state = final ? 'stopped' : 'restarting';
    if (!final) this.#timer = setTimeout(() => this.#start(), restartMs);
  }
}
