// Runs a real PM2 with a separate home directory. PM2 is installed into ~/.cache/gateway-lock on
// first use.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished, type TestContext } from 'vitest';
import { need, whyNoSignals } from './capabilities.js';
import { environment, isAlive } from './command.js';
import { freshDirectory } from './directories.js';
import { until } from './until.js';

const MANIFEST = fileURLToPath(new URL('pm2', import.meta.url));
const INSTALLER = new URL('../../tools/cached-install.mjs', import.meta.url).href;
const COMMAND_MS = 60_000;

/** What `pm2 jlist` says about a process. */
export interface Pm2Process {
  readonly name: string;
  readonly pid: number;
  readonly pm2_env: { readonly status: string; readonly restart_time: number };
}

/** Starts no daemon yet. Skips the test if PM2 cannot be installed. The daemon ends with the test. */
export function pm2OfThisTest(ctx: TestContext): Pm2 {
  need(ctx, whyNoSignals);
  const installed = installPm2();
  if ('reason' in installed) return ctx.skip(installed.reason);
  const pm2 = new Pm2(installed.script, freshDirectory());
  onTestFinished(() => pm2.end(), 60_000);
  return pm2;
}

function installPm2(): { script: string } | { reason: string } {
  const install = `import { cachedInstall } from ${JSON.stringify(INSTALLER)}; console.log(cachedInstall(${JSON.stringify(MANIFEST)}, 'pm2'))`;
  const options = { encoding: 'utf8', timeout: 120_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', install], options);
  if (status === 0) return { script: join(stdout.trim(), 'pm2/bin/pm2') };
  return { reason: `cannot install PM2: ${stderr?.trim().split('\n').at(-1)}` };
}

export class Pm2 {
  readonly #script: string;
  readonly #home: string;

  constructor(script: string, home: string) {
    this.#script = script;
    this.#home = home;
  }

  /** Runs a command of PM2. Rejects if the command fails. */
  run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const options = {
      env: environment(this.#home, { ...env, PM2_HOME: this.#home }),
      timeout: COMMAND_MS,
      cwd: this.#home,
    };
    return new Promise((resolve, reject) => {
      execFile(process.execPath, [this.#script, ...args], options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`pm2 ${args.join(' ')}: ${stdout}${stderr}`));
      });
    });
  }

  async processes(): Promise<Pm2Process[]> {
    const out = await this.run(['jlist']);
    return JSON.parse(out.slice(out.indexOf('[{'))) as Pm2Process[];
  }

  /** Ends the daemon and its processes. */
  async end(): Promise<void> {
    const daemon = this.#daemon();
    await this.run(['kill']).catch(() => {});
    if (daemon === null) return;
    await until(() => !isAlive(daemon), 'the end of the PM2 daemon', 20_000).catch(() =>
      process.kill(daemon, 'SIGKILL'),
    );
  }

  #daemon(): number | null {
    const file = join(this.#home, 'pm2.pid');
    return existsSync(file) ? Number(readFileSync(file, 'utf8')) : null;
  }
}
