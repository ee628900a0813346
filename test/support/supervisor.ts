// A stand-in for systemd, for machines without it. Restarts a command as systemd does for a unit
// with Restart=always, RestartSec=, RestartPreventExitStatus= and StartLimitIntervalSec=0.
// Supervises only one process, without its descendants.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { Exit } from './actors.js';

const STOP_MS = 10_000;
/**
 * The exit status that systemd reports if a program cannot be executed. systemd restarts the unit,
 * as after any other status.
 */
const EXIT_EXEC = 203;

/** Options of {@link supervise}. */
export interface SuperviseOptions {
  readonly command: readonly [string, ...string[]];
  /** The complete environment. Each start adds a new INVOCATION_ID. */
  readonly env?: NodeJS.ProcessEnv;
  /**
   * The setting RestartSec, in milliseconds.
   *
   * @default 100, same as systemd
   */
  readonly restartMs?: number;
  readonly preventExitStatus?: readonly number[];
}

/** Starts a supervised command, which is stopped after the test. */
export function supervise(options: SuperviseOptions): Supervised {
  const supervised = new Supervised(options);
  onTestFinished(() => supervised.stop());
  return supervised;
}

/** A supervised command. */
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

  /** The pid of the running process. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Stops the process for good with SIGTERM, or SIGKILL after 10 s. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    if (this.state === 'restarting') this.state = 'stopped';
    this.#child?.kill('SIGTERM');
    const timeout = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_MS);
    await this.#ended;
    clearTimeout(timeout);
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
        this.#onExit(exit);
        resolve();
      };
      child.once('exit', (code, signal) => end({ code, signal }));
      child.once('error', () => child.pid ?? end({ code: EXIT_EXEC, signal: null }));
    });
  }

  #onExit(exit: Exit): void {
    const { restartMs = 100, preventExitStatus = [] } = this.#options;
    this.#child = null;
    this.exits.push(exit);
    const final = this.#stopping || (exit.code !== null && preventExitStatus.includes(exit.code));
    this.state = final ? 'stopped' : 'restarting';
    if (!final) this.#timer = setTimeout(() => this.#start(), restartMs);
  }
}
