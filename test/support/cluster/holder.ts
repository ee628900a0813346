// Starts a process that holds a cluster lock and reports each read of `held`
// (test/fixtures/cluster/holder.mjs).
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';
import { until } from '../until.js';
import { ROOT } from './planted-faults.js';

/** Options of the process. `module` is the build of gateway-lock/cluster to use. */
export interface HolderOptions {
  readonly module: string;
  readonly kind: 'etcd' | 'postgres';
  /** The URL of the engine without its scheme. */
  readonly url: string;
  readonly name: string;
  readonly ttlMs: number;
  readonly env?: NodeJS.ProcessEnv;
}

interface Read {
  readonly held: boolean;
  readonly atMs: number;
  readonly monotonicMs: number;
}

/** A running holder, which is killed after the test. */
export class Holder {
  readonly child: ChildProcess;
  readonly reads: Read[] = [];
  token: bigint | null = null;
  lost: string | null = null;

  private constructor(options: HolderOptions) {
    const config = {
      ...options,
      module: pathToFileURL(options.module).href,
      addon: join(ROOT, 'build/Release/gateway_lock.node'),
    };
    const env = { ...process.env, GATEWAY_LOCK_PREBUILD: ROOT, HOLDER: JSON.stringify(config), ...options.env };
    this.child = fork(join(ROOT, 'test/fixtures/cluster/holder.mjs'), {
      env,
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    createInterface(this.child.stdout!).on('line', (line) => this.#onReport(JSON.parse(line)));
    onTestFinished(() => void this.child.kill('SIGKILL'));
  }

  /** Starts the process. Resolves when it holds the lock. */
  static async start(options: HolderOptions): Promise<Holder> {
    const holder = new Holder(options);
    await until(() => holder.token !== null, 'the holder has the lock', 60_000);
    return holder;
  }

  #onReport(report: Read & { token?: string; lost?: string }): void {
    if (report.token !== undefined) this.token = BigInt(report.token);
    else if (report.lost !== undefined) this.lost = report.lost;
    else this.reads.push(report);
  }
}
