// Actors are child processes that call this package on request, over IPC (test/fixtures/actor.mjs).
// Each call returns a promise, so tests never have to sleep. All actors are killed after each test.
import { type ChildProcess, fork, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import { isWine } from './capabilities.js';

const ACTOR = fileURLToPath(new URL('../fixtures/actor.mjs', import.meta.url));
const started = new Set<Actor>();

/** Options of {@link startActor}. */
export interface ActorOptions {
  readonly env?: NodeJS.ProcessEnv;
  /**
   * A program to run instead of Node, which must start Node with the arguments in {@link execArgv}.
   */
  readonly execPath?: string;
  readonly execArgv?: string[];
  readonly uid?: number;
  readonly gid?: number;
  /** A copy of the fixture, for a user who cannot read this repository. */
  readonly script?: string;
  readonly cwd?: string;
  /** The descriptors that the actor inherits from descriptor 3 on. */
  readonly descriptors?: readonly number[];
}

/** The end of a process: an exit code or a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running actor. */
export class Actor {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** The actor's stdout and stderr so far. */
  output = '';
  /** The decisions of startSupervised() in the actor so far. */
  readonly decisions: { readonly decision: string; readonly health: { readonly reason: string | null } | null }[] = [];
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #calls = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid!;
    child.stdout?.on('data', (chunk) => (this.output += chunk));
    child.stderr?.on('data', (chunk) => (this.output += chunk));
    child.on('message', (message) => {
      if (typeof message === 'object' && 'decision' in message) this.decisions.push(message as never);
      else this.#settle(message as { id: number; error?: object; value?: unknown });
    });
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        resolve({ code, signal });
        void this.#lastMessages().then(() => this.#rejectPending(code ?? signal));
      });
    });
  }

  /** Calls a method of test/fixtures/actor.mjs. Rejects if the method throws. */
  call<T = unknown>(method: string, ...args: unknown[]): Promise<T> {
    const id = ++this.#calls;
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: never) => void, reject });
      this.#child.send({ id, method, args }, (error) => error && reject(error));
    });
  }

  /** Sends a signal and waits until the process ends. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    // Uses child.kill(), because after process.kill() Node reports an exit code instead of a signal
    // on Windows.
    this.#child.kill(signal);
    return this.exited;
  }

  /**
   * Makes the process stop responding while it keeps running. Replaces SIGSTOP, which does not
   * exist on Windows.
   */
  async hang(): Promise<void> {
    if (constants.signals.SIGSTOP === undefined) await this.call('hang');
    else process.kill(this.pid, 'SIGSTOP');
  }

  /**
   * Waits until the last messages have been read, because on Windows they may arrive after the end
   * of the process is reported. Waits at most 5 s, because a child of the actor can keep the
   * channel open.
   */
  #lastMessages(): Promise<unknown> {
    if (!this.#child.connected) return Promise.resolve();
    return Promise.race([once(this.#child, 'disconnect'), sleep(5000, undefined, { ref: false })]);
  }

  #rejectPending(end: number | string | null): void {
    for (const { reject } of this.#pending.values()) {
      reject(new Error(`actor ${this.pid} ended (${end}) before it answered:\n${this.output}`));
    }
  }

  #settle({ id, error, value }: { id: number; error?: object; value?: unknown }): void {
    const call = this.#pending.get(id);
    this.#pending.delete(id);
    if (error) call?.reject(Object.assign(new Error(), error));
    else call?.resolve(value as never);
  }
}

/** Starts an actor. Resolves when it has loaded the package. */
export async function startActor(options: ActorOptions = {}): Promise<Actor> {
  const { script = ACTOR, descriptors = [], ...rest } = options;
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', ...descriptors, 'ipc'];
  const child = await retrySpawn(() => fork(script, { stdio, ...rest }));
  const actor = new Actor(child);
  started.add(actor);
  const ended = actor.exited.then(({ code, signal }) => {
    started.delete(actor);
    throw new Error(`actor did not start (${code ?? signal}):\n${actor.output}`);
  });
  ended.catch(() => {});
  await Promise.race([once(child, 'message'), ended]);
  return actor;
}

/**
 * Starts a process. Retries after the error "spawn UNKNOWN", which sometimes occurs on a busy Wine.
 */
async function retrySpawn(start: () => ChildProcess, maxAttempts = isWine ? 10 : 1): Promise<ChildProcess> {
  for (let attempt = 1; ; attempt++) {
    try {
      return start();
    } catch (error) {
      if (attempt >= maxAttempts || (error as NodeJS.ErrnoException).code !== 'UNKNOWN') throw error;
      await sleep(100);
    }
  }
}

afterEach(async () => {
  for (const actor of [...started]) await actor.kill('SIGKILL');
});
