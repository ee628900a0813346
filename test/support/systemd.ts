// A real systemd of the test's own: process 1 of fresh namespaces (test/support/systemd/), with the host's files and
// node, a private loopback network, and no unit but the ones that the test installs. It ends with the test run, however
// that ends. Services share the directory of temporary files with the test; all else is read-only to them.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, type TestContext } from 'vitest';
import { type Missing, whyNotRoot } from './capabilities.js';
import { until } from './places.js';

const OUTSIDE = fileURLToPath(new URL('systemd/outside.sh', import.meta.url));
const BINARIES = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'];
const BOOT_MS = 30_000;
const END_MS = 15_000;

/** What every service needs by default (DefaultDependencies=), and a journal. */
const UNITS: Readonly<Record<string, string>> = {
  'sysinit.target':
    '[Unit]\nDefaultDependencies=no\nRequires=systemd-journald.service\nAfter=systemd-journald.service\n',
  'basic.target': '[Unit]\nDefaultDependencies=no\nRequires=sysinit.target\nAfter=sysinit.target\n',
  'multi-user.target': '[Unit]\nRequires=basic.target\nAfter=basic.target\n',
  'systemd-journald.socket': `[Unit]
DefaultDependencies=no
[Socket]
ListenDatagram=/run/systemd/journal/socket
ListenStream=/run/systemd/journal/stdout
PassCredentials=yes
`,
  'systemd-journald.service': `[Unit]
DefaultDependencies=no
Requires=systemd-journald.socket
After=systemd-journald.socket
[Service]
Type=notify
ExecStart=/lib/systemd/systemd-journald
StandardOutput=null
`,
};

export interface Ran {
  /** 124 or 137 when it was ended because it took too long. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running systemd, or why there is none. Takes below a second; gives up after 30 seconds. Call `end()`. */
export async function bootSystemd(): Promise<SystemdInstance | { readonly reason: string }> {
  const binary = BINARIES.find((path) => existsSync(path));
  const missing = whyNoSystemd(binary);
  if (missing !== null) return { reason: missing };
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-lock-systemd-')));
  mkdirSync(join(directory, 'units'));
  for (const [name, text] of Object.entries(UNITS)) writeFileSync(join(directory, 'units', name), text);
  const instance = new SystemdInstance(directory, binary!);
  try {
    await until(() => instance.booted(), 'systemd boots', BOOT_MS);
    return instance;
  } catch (error) {
    await instance.end();
    return { reason: `cannot boot systemd here: ${instance.complaint || (error as Error).message}` };
  }
}

/** One for all tests of the calling file: a function that gives it, or skips the test with the reason. */
export function systemdOfThisFile(): (ctx: TestContext) => SystemdInstance {
  let booted: Awaited<ReturnType<typeof bootSystemd>>;
  beforeAll(async () => {
    booted = await bootSystemd();
  });
  afterAll(async () => {
    if (booted instanceof SystemdInstance) await booted.end();
  });
  return (ctx) => (booted instanceof SystemdInstance ? booted : ctx.skip(booted.reason));
}

function whyNoSystemd(binary: string | undefined): Missing {
  if (process.platform !== 'linux') return 'needs Linux to boot systemd';
  if (whyNotRoot() !== null) return 'needs root to boot systemd';
  return binary ? null : `needs systemd: no ${BINARIES.join(', no ')}`;
}

export class SystemdInstance {
  /** What the boot scripts said: nothing, if all went well. */
  complaint = '';
  /** Its units and its boot files. */
  readonly directory: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #running = true;

  constructor(directory: string, binary: string) {
    this.directory = directory;
    // A session of its own: a signal to the test run's process group must not reach what cleans up after it.
    const command = ['--mount', '--propagation', 'private', 'sh', OUTSIDE, directory, binary];
    this.#child = spawn('unshare', command, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (chunk) => (this.complaint += chunk));
    }
    this.#child.stdin!.on('error', () => {});
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => (this.complaint += error.message));
      this.#child.once('close', () => {
        this.#running = false;
        resolve();
      });
    });
  }

  /** systemd's pid, as the host counts. */
  get leader(): number {
    return Number(readFileSync(join(this.directory, 'leader'), 'utf8'));
  }

  /** Throws when it will never be. */
  async booted(): Promise<boolean> {
    if (!this.#running) throw new Error('it ended at once');
    if (!existsSync(join(this.directory, 'leader'))) return false;
    return (await this.exec(['systemctl', 'is-system-running'])).stdout.trim() === 'running';
  }

  /** Runs a program beside the services, in their namespaces. It gets `timeoutMs` milliseconds. */
  exec(argv: readonly string[], timeoutMs = 20_000): Promise<Ran> {
    const bounded = ['timeout', '--kill-after=1', String(timeoutMs / 1000), ...argv];
    return new Promise((resolve) => {
      execFile('nsenter', ['--all', '--target', String(this.leader), ...bounded], (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 137, stdout, stderr });
      });
    });
  }

  /** `name` with its suffix: 'gateway.service'. An existing unit is replaced. */
  async installUnit(name: string, text: string): Promise<void> {
    writeFileSync(join(this.directory, 'units', name), text);
    await this.#systemctl('daemon-reload');
  }

  /** As `systemctl start`: a Type=simple service has been spawned, a failed one rejects only if systemd says so. */
  start(unit: string): Promise<string> {
    return this.#systemctl('start', unit);
  }

  stop(unit: string): Promise<string> {
    return this.#systemctl('stop', unit);
  }

  /** One property, as `systemctl show` prints it. */
  async show(unit: string, property: string): Promise<string> {
    return (await this.#systemctl('show', '--value', `--property=${property}`, unit)).trim();
  }

  /** The lines that the unit's processes have printed until now. */
  async journal(unit: string): Promise<string[]> {
    await this.#succeed(['journalctl', '--sync']);
    const filter = ['--quiet', '--no-pager', '--output=cat', `_SYSTEMD_UNIT=${unit}`];
    return (await this.#succeed(['journalctl', ...filter])).split('\n').filter((line) => line !== '');
  }

  /** Ends every process in it at once, without stopping units, and leaves nothing. May be called twice. */
  async end(): Promise<void> {
    this.#child.stdin!.end();
    const tooLong = setTimeout(() => this.#child.kill('SIGKILL'), END_MS);
    await this.#exited;
    clearTimeout(tooLong);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #systemctl(...args: string[]): Promise<string> {
    return this.#succeed(['systemctl', '--no-pager', ...args]);
  }

  async #succeed(argv: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.exec(argv);
    if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${stderr || stdout}`);
    return stdout;
  }
}
