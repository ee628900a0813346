// Child processes that do what they are told over IPC (test/fixtures/actor.mjs), and that are always
// reaped. No test waits by sleeping: each call is answered.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import { isWine } from './capabilities.js';

const ACTOR = fileURLToPath(new URL('../fixtures/actor.mjs', import.meta.url));
const started = new Set<Actor>();

export interface ActorOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Another program than Node, which starts Node with the arguments in {@link execArgv}. */
  readonly execPath?: string;
  readonly execArgv?: string[];
  readonly uid?: number;
  readonly gid?: number;
  /** Another copy of the fixture, for a user who cannot read the tree. */
  readonly script?: string;
  readonly cwd?: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Actor {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  output = '';
  /** What startSupervised() has decided there so far. */
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
        void this.#hearOut().then(() => this.#refusePending(code ?? signal));
      });
    });
  }

  /** Calls a method of test/fixtures/actor.mjs. Rejects with the error that it threw. */
  call<T = unknown>(method: string, ...args: unknown[]): Promise<T> {
    const id = ++this.#calls;
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: never) => void, reject });
      this.#child.send({ id, method, args }, (error) => error && reject(error));
    });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    // Not process.kill(), after which Windows does not know that it was a signal.
    this.#child.kill(signal);
    return this.exited;
  }

  /** It answers nobody any more and lives on, as with SIGSTOP, which Windows has not. */
  async hang(): Promise<void> {
    if (constants.signals.SIGSTOP === undefined) await this.call('hang');
    else process.kill(this.pid, 'SIGSTOP');
  }

  /** Windows tells of a process's end before what it said last has been read. Bounded: whom it started may have its channel, too. */
  #hearOut(): Promise<unknown> {
    if (!this.#child.connected) return Promise.resolve();
    return Promise.race([once(this.#child, 'disconnect'), sleep(5000, undefined, { ref: false })]);
  }

  #refusePending(how: number | string | null): void {
    for (const { reject } of this.#pending.values()) {
      reject(new Error(`actor ${this.pid} ended (${how}) before it answered:\n${this.output}`));
    }
  }

  #settle({ id, error, value }: { id: number; error?: object; value?: unknown }): void {
    const call = this.#pending.get(id);
    this.#pending.delete(id);
    if (error) call?.reject(Object.assign(new Error(), error));
    else call?.resolve(value as never);
  }
}

/** Resolves when the actor has loaded the package. */
export async function startActor(options: ActorOptions = {}): Promise<Actor> {
  const { script = ACTOR, ...rest } = options;
  const child = await startedChild(() => fork(script, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], ...rest }));
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

/** "spawn UNKNOWN", now and then in a busy Wine, which has started nothing then. Anything else, and anywhere else, fails at once. */
async function startedChild(start: () => ChildProcess, mostTries = isWine ? 10 : 1): Promise<ChildProcess> {
  for (let tries = 1; ; tries++) {
    try {
      return start();
    } catch (error) {
      if (tries >= mostTries || (error as NodeJS.ErrnoException).code !== 'UNKNOWN') throw error;
      await sleep(100);
    }
  }
}

afterEach(async () => {
  for (const actor of [...started]) await actor.kill('SIGKILL');
});
