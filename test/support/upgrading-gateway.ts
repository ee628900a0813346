// Starts a gateway that replaces itself on SIGHUP (test/fixtures/upgrading-gateway.mjs), and follows
// the steps of its upgrades, in whichever process they happen.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type Running, start } from './command.js';
import { freshDirectory } from './directories.js';

/** The program of the gateways. */
export const GATEWAY = fileURLToPath(new URL('../fixtures/upgrading-gateway.mjs', import.meta.url));
/** The time limit for one step, in milliseconds: long, for busy machines. */
const STEP_TIMEOUT_MS = 60_000;

/** The content of options.json: options of upgrade(), and the behaviour of the gateways. */
export interface GatewaySettings {
  readonly readyTimeoutMs?: number;
  readonly graceMs?: number;
  readonly command?: readonly string[];
  /** Milliseconds that a request to /slow takes. */
  readonly slowMs?: number;
  readonly tls?: boolean;
  /** Starts a background process at each step. */
  readonly background?: boolean;
  /** Options of acquireGatewayLock(). */
  readonly acquire?: Readonly<Record<string, unknown>>;
  readonly successor?: SuccessorSettings;
}

/** The behaviour of the later processes. */
export interface SuccessorSettings {
  /** Exits with this code before it adopts anything. */
  readonly exit?: number;
  /** Stops before it adopts anything. */
  readonly hang?: boolean;
  /** Options of acquireGatewayLock(). */
  readonly acquire?: Readonly<Record<string, unknown>>;
}

/** A line that a gateway prints: a step that the process `pid` has reached. */
export interface Step {
  readonly pid: number;
  readonly name: string;
  readonly detail: string;
}

/** Where a gateway runs. */
interface GatewayAddress {
  readonly directory: string;
  readonly host: string;
  readonly port: number;
}

export class UpgradingGateway {
  readonly directory: string;
  readonly steps: Step[] = [];
  port = 0;
  #run!: Running;
  #rest = '';
  #since = 0;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async start(options: GatewaySettings & Partial<GatewayAddress> = {}): Promise<UpgradingGateway> {
    const { directory = freshDirectory(), host = '127.0.0.1', port = 0, ...settings } = options;
    const gateway = new UpgradingGateway(directory);
    gateway.configure(settings);
    gateway.#run = start([GATEWAY, gateway.directory, String(port), host], { program: [process.execPath] });
    gateway.#run.child.stdout!.on('data', (text: string) => gateway.#read(text));
    // Keeps the output of failed gateways for the report of a failed test.
    onTestFinished(({ task }) => {
      if (task.result?.state === 'fail') console.error(gateway.describe());
    });
    gateway.port = Number((await gateway.until('serving')).detail);
    return gateway;
  }

  /** The first process. */
  get firstPid(): number {
    return this.#run.pid;
  }

  /** The process that has reported `serving` last. */
  get servingPid(): number {
    return this.steps.findLast(({ name }) => name === 'serving')!.pid;
  }

  configure(settings: GatewaySettings): void {
    writeFileSync(join(this.directory, 'options.json'), JSON.stringify(settings));
  }

  hold(step: string): void {
    writeFileSync(join(this.directory, `hold-${step}`), '');
  }

  release(step: string): void {
    rmSync(join(this.directory, `hold-${step}`), { force: true });
  }

  /**
   * Waits for a step with one of these names since the last {@link startUpgrade}, of any process or
   * of the process `pid`.
   */
  async until(names: string | readonly string[], pid?: number): Promise<Step> {
    const deadline = performance.now() + STEP_TIMEOUT_MS;
    for (;;) {
      const found = this.#find([names].flat(), pid);
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error(`no step '${names}' within ${STEP_TIMEOUT_MS} ms`);
      await sleep(2);
    }
  }

  /** Sends SIGHUP to the serving process, or to `pid`. Returns the pid of that process. */
  startUpgrade(pid = this.servingPid): number {
    this.#since = this.steps.length;
    process.kill(pid, 'SIGHUP');
    return pid;
  }

  /** Upgrades once. Returns the pid of the new gateway. */
  async upgrade(): Promise<number> {
    this.startUpgrade();
    const { pid } = await this.until('serving');
    return pid;
  }

  /** What the witnesses have found; '' if there was at most one gateway at any time. */
  doubles(): string {
    const path = join(this.directory, 'doubles');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  describe(): string {
    const lines = this.steps.slice(-40).map(({ pid, name, detail }) => `${pid} ${name} ${detail}`);
    return [...lines, this.#run.err].join('\n');
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) {
      const [pid, name, ...detail] = line.split(' ');
      this.steps.push({ pid: Number(pid), name: name!, detail: detail.join(' ') });
    }
  }

  #find(names: readonly string[], pid: number | undefined): Step | undefined {
    return this.steps.slice(this.#since).find((step) => names.includes(step.name) && (pid ?? step.pid) === step.pid);
  }
}
