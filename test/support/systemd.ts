// Boots a real systemd for the tests of one file, as process 1 of new namespaces
// (test/support/systemd/). It sees the host's files and Node, has a private loopback network, and
// runs only the units that a test installs. It ends with the test run, even if that is killed. The
// services share the directory of temporary files with the test; all other files are read-only.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, type TestContext } from 'vitest';
import { type Missing, whyNotRoot } from './capabilities.js';
import { until } from './until.js';

const OUTSIDE = fileURLToPath(new URL('systemd/outside.sh', import.meta.url));
const BINARIES = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'];
const BOOT_MS = 30_000;
const END_MS = 15_000;

/** The units on which services depend by default (DefaultDependencies=), and a journal. */
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

/** The result of a command. */
export interface Ran {
  /** The exit status: 124 or 137 if the command exceeded its time limit. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Boots systemd, which usually takes less than 1 s. If the boot fails or takes longer than 30 s,
 * returns the reason. The caller must call `end()`.
 */
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

/**
 * Boots one systemd for all tests in the calling file. The returned function returns this systemd,
 * or skips the test with the reason if the boot failed.
 */
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

/** A running systemd. */
export class SystemdInstance {
  /** The output of the boot scripts. Empty if the boot succeeded. */
  complaint = '';
  /** The directory of the units and boot files. */
  readonly directory: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #running = true;

  constructor(directory: string, binary: string) {
    this.directory = directory;
    // A separate session, so that a signal to the test run's process group does not end the process
    // that cleans up.
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

  /** The pid of systemd in the host's pid namespace. */
  get leader(): number {
    return Number(readFileSync(join(this.directory, 'leader'), 'utf8'));
  }

  /** Returns true when the boot is complete. Throws if systemd has ended. */
  async booted(): Promise<boolean> {
    if (!this.#running) throw new Error('systemd ended at once');
    if (!existsSync(join(this.directory, 'leader'))) return false;
    return (await this.exec(['systemctl', 'is-system-running'])).stdout.trim() === 'running';
  }

  /** Runs a program in the namespaces of the services, for at most `timeoutMs` milliseconds. */
  exec(argv: readonly string[], timeoutMs = 20_000): Promise<Ran> {
    const bounded = ['timeout', '--kill-after=1', String(timeoutMs / 1000), ...argv];
    return new Promise((resolve) => {
      execFile('nsenter', ['--all', '--target', String(this.leader), ...bounded], (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 137, stdout, stderr });
      });
    });
  }

  /** Installs or replaces a unit. `name` includes the suffix, for example 'gateway.service'. */
  async installUnit(name: string, text: string): Promise<void> {
    writeFileSync(join(this.directory, 'units', name), text);
    await this.#systemctl('daemon-reload');
  }

  /**
   * Runs `systemctl start`, which for a service with Type=simple only waits for the spawn. Rejects
   * if systemctl fails.
   */
  start(unit: string): Promise<string> {
    return this.#systemctl('start', unit);
  }

  stop(unit: string): Promise<string> {
    return this.#systemctl('stop', unit);
  }

  /** Returns a property of the unit as `systemctl show` prints it. */
  async show(unit: string, property: string): Promise<string> {
    return (await this.#systemctl('show', '--value', `--property=${property}`, unit)).trim();
  }

  /** Returns the lines that the unit's processes have printed so far. */
  async journal(unit: string): Promise<string[]> {
    await this.#succeed(['journalctl', '--sync']);
    const filter = ['--quiet', '--no-pager', '--output=cat', `_SYSTEMD_UNIT=${unit}`];
    return (await this.#succeed(['journalctl', ...filter])).split('\n').filter((line) => line !== '');
  }

  /**
   * Kills systemd and all services without stopping units, and removes the files. Can be called
   * twice.
   */
  async end(): Promise<void> {
    this.#child.stdin!.end();
    const timeout = setTimeout(() => this.#child.kill('SIGKILL'), END_MS);
    await this.#exited;
    clearTimeout(timeout);
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
