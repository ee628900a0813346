// Starts a gateway that replaces itself without signals (test/fixtures/windows-gateway.mjs), and
// reads the steps of its processes.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { isWine } from './capabilities.js';
import { fetched } from './clients.js';
import { start } from './command.js';
import { freshDirectory } from './directories.js';
import { until } from './until.js';
import type { SuccessorSettings } from './upgrading-gateway.js';

const GATEWAY = fileURLToPath(new URL('../fixtures/windows-gateway.mjs', import.meta.url));
/** The time limit for one step, in milliseconds: long, for busy machines. */
const STEP_TIMEOUT_MS = 60_000;

/** The content of options.json, which windows-gateway.mjs describes. */
export interface WindowsGatewaySettings {
  readonly host?: string;
  readonly upgrade?: Readonly<Record<string, unknown>>;
  readonly successor?: SuccessorSettings;
}

export class WindowsGateway {
  readonly directory = freshDirectory();
  port = 0;

  static async start(settings: WindowsGatewaySettings = {}): Promise<WindowsGateway> {
    const gateway = new WindowsGateway();
    writeFileSync(join(gateway.directory, 'options.json'), JSON.stringify(settings));
    start([GATEWAY, gateway.directory, '0'], { program: [process.execPath] });
    onTestFinished(({ task }) => {
      gateway.#end();
      if (task.result?.state === 'fail') console.error(gateway.steps());
    });
    gateway.port = Number((await gateway.until(/serving (\d+)/))[1]);
    return gateway;
  }

  steps(): string {
    const file = join(this.directory, 'steps');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  async until(expected: RegExp): Promise<RegExpExecArray> {
    await until(() => expected.test(this.steps()), String(expected), STEP_TIMEOUT_MS);
    return expected.exec(this.steps())!;
  }

  /** The pids of all processes so far, in the order of their start. */
  pids(): number[] {
    return Array.from(this.steps().matchAll(/^(\d+) started$/gm), ([, pid]) => Number(pid));
  }

  /** The number of successors that have taken over. */
  successors(): number {
    return this.steps().match(/serving \d+ upgrade/g)?.length ?? 0;
  }

  /** Connects as a new client. Returns the pid of the process that answers. */
  async get(path = '/', host = '127.0.0.1'): Promise<number> {
    try {
      return Number(await fetched(request, { host, port: this.port, path }));
    } catch (error) {
      // Wine sometimes fails to connect, with an error that is none of Windows.
      if (!isWine || (error as NodeJS.ErrnoException).code !== 'UNKNOWN') throw error;
      return this.get(path, host);
    }
  }

  holdDrain(): void {
    writeFileSync(join(this.directory, 'hold-drain'), '');
  }

  releaseDrain(): void {
    rmSync(join(this.directory, 'hold-drain'));
  }

  /** Ends the processes, of which all but the first are not children of this one. */
  #end(): void {
    for (const pid of this.pids()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // The process has ended.
      }
    }
  }
}
