// A program under `gateway-lock run`, whose keeper restarts and replaces it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OwnerRecord, probeLock, resolveGatewayPaths, type UpgradeState } from '../../src/index.js';
import { native } from '../../src/native/load.js';
import { type Running, start } from './command.js';
import { freshDirectory } from './directories.js';
import { freePort } from './free-port.js';
import { GATEWAY, StepLog } from './step-log.js';
import { until } from './until.js';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** Programs that serve on the inherited socket and answer with their pid. */
export const PROGRAMS = {
  /** Uses this package, and adopts the lock. */
  gateway: (directory: string, port: number) => [
    process.execPath,
    fixture('kept-gateway.mjs'),
    directory,
    String(port),
  ],
  /** Reports and waits at each step of a reload, and detects a second gateway. */
  witnessed: (directory: string, port: number) => [process.execPath, GATEWAY, directory, String(port)],
  /** Knows only the socket, as a program for systemd. */
  node: () => [process.execPath, fixture('adopting-server.mjs')],
  python: () => ['python3', fixture('adopting-server.py')],
} as const;

export interface KeptOptions {
  readonly program?: keyof typeof PROGRAMS | readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** @default a fresh directory */
  readonly directory?: string;
  /** @default a free port */
  readonly port?: number;
}

export class KeptProgram {
  readonly run: Running;
  readonly directory: string;
  readonly port: number;
  /** The steps of the program `witnessed`. */
  readonly log: StepLog;

  private constructor(run: Running, directory: string, port: number) {
    this.run = run;
    this.directory = directory;
    this.port = port;
    this.log = new StepLog(directory, run);
  }

  /** Starts `gateway-lock run` with the flags. Resolves when the program serves. */
  static async start(flags: readonly string[], options: KeptOptions = {}): Promise<KeptProgram> {
    const { program = 'gateway', env = {}, directory = freshDirectory(), port = await freePort() } = options;
    const words = typeof program === 'string' ? PROGRAMS[program](directory, port) : program;
    const run = start(['run', '--state-dir', directory, '--port', String(port), ...flags, '--', ...words], { env });
    const kept = new KeptProgram(run, directory, port);
    await until(async () => (await kept.servingPid()) !== null, `a program that serves:\n${run.err}`, 60_000);
    return kept;
  }

  get keeper(): number {
    return this.run.pid;
  }

  get stateLock(): string {
    return resolveGatewayPaths({ stateDir: this.directory, env: {} }).lockPaths[0]!;
  }

  /** The record in the state lock; null if no process holds the lock. */
  record(): OwnerRecord | null {
    const { state, owner } = probeLock(this.stateLock);
    return state === 'held' ? owner : null;
  }

  /** Returns the pid that answers on the port, or null if the connection fails. */
  async servingPid(timeoutMs = 5000): Promise<number | null> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.port}/`, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(timeoutMs),
      });
      return Number(/\d+/.exec(await response.text())![0]);
    } catch {
      return null;
    }
  }

  /** Waits for the standby, which has adopted the lock and waits. Returns its pid. */
  async standby(): Promise<number> {
    let found: number | undefined;
    await until(
      () => {
        const { pid } = this.record()!;
        const holders = native().findLockHolders(this.stateLock);
        found = holders.find((each) => each !== pid && each !== this.keeper);
        return found !== undefined;
      },
      'a second program',
      60_000,
    );
    return found!;
  }

  async waitForOther(pid: number): Promise<number> {
    let now: number | null = null;
    await until(
      async () => {
        now = await this.servingPid();
        return now !== null && now !== pid;
      },
      `another program than ${pid}:\n${this.run.err}`,
      60_000,
    );
    return now!;
  }

  /** Sends SIGHUP, and resolves when the record names a program that is ready. */
  async reload(): Promise<number> {
    const before = this.record()!.pid;
    this.run.child.kill('SIGHUP');
    await until(
      () => {
        const record = this.record();
        return record !== null && record.pid !== before && record.upgrade === undefined;
      },
      `the end of a reload:\n${this.run.err}`,
      60_000,
    );
    return this.record()!.pid;
  }

  /** Waits for the phase of an upgrade in the record. */
  async phase(phase: string): Promise<UpgradeState & { readonly pid: number }> {
    await until(() => this.record()?.upgrade?.phase === phase, `the phase ${phase}:\n${this.run.err}`, 60_000);
    const { upgrade } = this.record()!;
    if (upgrade!.pid === null) throw new Error('the new program could not be started');
    return { ...upgrade!, pid: upgrade!.pid };
  }
}

/** Returns true if the process has ended, or is a zombie. */
export function hasEnded(pid: number): boolean {
  try {
    return /^\d+ \(.*\) [ZX] /s.test(readFileSync(join('/proc', String(pid), 'stat'), 'utf8'));
  } catch {
    return true;
  }
}
