// Starts the worker processes of a stress run.
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { bindExclusive } from '../../../index.js';
import {
  chooseEnding,
  type Ending,
  NATIVE_ENDINGS,
  NATIVE_SHARES,
  type Random,
  SHARES,
  type StressOptions,
} from './plan.js';
import { WORKER_VARIABLE, type WorkerPlan } from './worker-plan.js';

/** Environment variable with the path of the native worker that scripts/stress.mjs builds. */
const NATIVE_WORKER_VARIABLE = 'GATEWAY_LOCK_STRESS_HOLDER';
/** Share of native workers among those with {@link NATIVE_ENDINGS}. */
const NATIVE_SHARE = 0.995;
const STDIO: StdioOptions = ['ignore', 'pipe', 'pipe'];

export interface StartedWorker {
  readonly child: ChildProcess;
  readonly ending: Ending;
  readonly isNative: boolean;
}

export class WorkerStarter {
  readonly #options: StressOptions;
  readonly #random: Random;
  /** The path of the native worker, or undefined if all workers run in Node. */
  readonly #native: string | undefined;
  readonly #port: number;

  constructor(options: StressOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    this.#native = options.mode === 'lock' ? process.env[NATIVE_WORKER_VARIABLE] : undefined;
    this.#port = freePort();
  }

  start(): StartedWorker {
    const ending = chooseEnding(this.#random, this.#native === undefined ? SHARES : NATIVE_SHARES);
    const seed = Math.floor(this.#random() * 0x7fffffff);
    if (this.#native === undefined || !NATIVE_ENDINGS.has(ending) || this.#random() >= NATIVE_SHARE)
      return { child: this.#startNode(ending, seed), ending, isNative: false };
    return { child: this.#startNative(this.#native, ending, seed), ending, isNative: true };
  }

  #startNative(program: string, ending: Ending, seed: number): ChildProcess {
    const { sabotage, directory } = this.#options;
    return spawn(program, [directory, String(seed), sabotage ? 'sabotage' : 'lock', ending], { stdio: STDIO });
  }

  #startNode(ending: Ending, seed: number): ChildProcess {
    const { mode, sabotage, directory } = this.#options;
    const plan: WorkerPlan = { mode, sabotage, directory, ending, seed, port: this.#port, predecessor: null };
    const env = { ...process.env, [WORKER_VARIABLE]: JSON.stringify(plan) };
    return spawn(process.execPath, [process.argv[1]!, 'stress'], { stdio: STDIO, env });
  }
}

function freePort(): number {
  const listener = bindExclusive({ port: 0 });
  void listener.close();
  return listener.address.port;
}
