// Starts a gateway that replaces itself on SIGHUP (test/fixtures/upgrading-gateway.mjs).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { start } from './command.js';
import { freshDirectory } from './directories.js';
import { GATEWAY, type Step, StepLog } from './step-log.js';

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

/** Where a gateway runs. */
interface GatewayAddress {
  readonly directory: string;
  readonly host: string;
  readonly port: number;
}

export class UpgradingGateway {
  readonly directory: string;
  /** The first process. */
  readonly firstPid: number;
  port = 0;
  readonly #log: StepLog;

  private constructor(directory: string, log: StepLog, firstPid: number) {
    this.directory = directory;
    this.#log = log;
    this.firstPid = firstPid;
  }

  static async start(options: GatewaySettings & Partial<GatewayAddress> = {}): Promise<UpgradingGateway> {
    const { directory = freshDirectory(), host = '127.0.0.1', port = 0, ...settings } = options;
    configure(directory, settings);
    const run = start([GATEWAY, directory, String(port), host], { program: [process.execPath] });
    const gateway = new UpgradingGateway(directory, new StepLog(directory, run), run.pid);
    gateway.port = Number((await gateway.until('serving')).detail);
    return gateway;
  }

  get steps(): readonly Step[] {
    return this.#log.steps;
  }

  /** The process that has reported `serving` last. */
  get servingPid(): number {
    return this.steps.findLast(({ name }) => name === 'serving')!.pid;
  }

  configure(settings: GatewaySettings): void {
    configure(this.directory, settings);
  }

  hold(step: string): void {
    this.#log.hold(step);
  }

  release(step: string): void {
    this.#log.release(step);
  }

  /** Waits for a step since the last {@link startUpgrade}. @see StepLog.until */
  until(names: string | readonly string[], pid?: number): Promise<Step> {
    return this.#log.until(names, pid);
  }

  /** Sends SIGHUP to the serving process, or to `pid`. Returns the pid of that process. */
  startUpgrade(pid = this.servingPid): number {
    this.#log.begin();
    process.kill(pid, 'SIGHUP');
    return pid;
  }

  /** Upgrades once. Returns the pid of the new gateway. */
  async upgrade(): Promise<number> {
    this.startUpgrade();
    const { pid } = await this.until('serving');
    return pid;
  }

  /** @see StepLog.doubles */
  doubles(): string {
    return this.#log.doubles();
  }
}

function configure(directory: string, settings: GatewaySettings): void {
  writeFileSync(join(directory, 'options.json'), JSON.stringify(settings));
}
