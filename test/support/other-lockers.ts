// Other programs that lock files: flock(1), Python's fcntl, and the Python package filelock.
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Missing } from './capabilities.js';
import { type Ended, type Running, start, untilPrinted } from './command.js';
import { filelockPython, python, whyNoFcntl, whyNoFilelock } from './python.js';
import { until } from './until.js';

const LOCKER = fileURLToPath(new URL('../fixtures/other-locker.py', import.meta.url));

export const whyNoFlock: Missing =
  spawnSync('flock', ['--version']).status === 0 ? null : 'needs flock(1) of util-linux';

/** A program that locks a file. */
export interface OtherLocker {
  readonly name: string;
  readonly missing: Missing;
  readonly mode: 'exclusive' | 'shared';
  /** How the program waits: in the kernel or by polling. Null if it never waits. */
  readonly waits: 'kernel' | 'poll' | null;
  /** True if the program truncates the file on open, which removes a holder's record. */
  readonly truncates: boolean;
  readonly command: (path: string) => readonly string[];
}

/** Runs flock(1), which keeps the lock until its stdin ends. */
function flock(options: string, waits: 'kernel' | null, mode: 'exclusive' | 'shared' = 'exclusive'): OtherLocker {
  const words = options.split(' ').filter(Boolean);
  const program = ['sh', '-c', 'echo held; exec cat'];
  return {
    name: `flock ${options}`.trim(),
    missing: whyNoFlock,
    mode,
    waits,
    truncates: false,
    command: (path) => ['flock', ...words, path, ...program],
  };
}

/** Runs test/fixtures/other-locker.py. */
function pythonLocker(kind: string, mode: 'block' | 'try', missing: Missing, interpreter = python): OtherLocker {
  const waits = mode === 'try' ? null : kind === 'filelock' ? 'poll' : 'kernel';
  const name = `Python ${kind}${mode === 'try' ? ', not blocking' : ''}`;
  const command = (path: string) => [interpreter, LOCKER, kind, path, mode];
  return { name, missing, mode: 'exclusive', waits, truncates: kind === 'filelock', command };
}

/** Programs that lock with flock(2), like this package on Linux and macOS. */
export const KERNEL_LOCKERS: readonly OtherLocker[] = [
  flock('', 'kernel'),
  flock('-w 60', 'kernel'),
  flock('-o', 'kernel'),
  flock('-s', 'kernel', 'shared'),
  flock('-n', null),
  flock('-n -F', null),
  pythonLocker('flock', 'block', whyNoFcntl),
  pythonLocker('flock', 'try', whyNoFcntl),
  pythonLocker('filelock', 'block', whyNoFilelock, filelockPython),
  pythonLocker('filelock', 'try', whyNoFilelock, filelockPython),
];

/** A program that locks with fcntl(F_SETLK), which is independent of flock(2). */
export const PYTHON_LOCKF: OtherLocker = pythonLocker('lockf', 'try', whyNoFcntl);

/** A running lock program. It is killed after the test. */
export class OtherProcess {
  readonly #run: Running;
  readonly #locker: OtherLocker;

  constructor(locker: OtherLocker, path: string) {
    this.#locker = locker;
    this.#run = start([], { program: locker.command(path), stdin: 'pipe' });
  }

  get pid(): number {
    return this.#run.pid;
  }

  /** Waits until the program holds the lock. Rejects if the program ends first. */
  async holds(): Promise<this> {
    await untilPrinted(this.#run, /^held$/m);
    return this;
  }

  /** Waits until the program ends. Returns true if it was refused and never held the lock. */
  async isRefused(): Promise<boolean> {
    const { code, out } = await this.#run.ended;
    return code === 1 && !/^held$/m.test(out);
  }

  /** Waits until the program is blocked on the lock. */
  async waits(path: string): Promise<void> {
    if (this.#locker.waits === 'poll') return untilPrinted(this.#run, /^waiting$/m);
    await until(() => isBlocked(path), `${this.#locker.name} waits for '${path}': ${this.#run.out}${this.#run.err}`);
  }

  get hasHeld(): boolean {
    return /^held$/m.test(this.#run.out);
  }

  /** Ends the program, which releases the lock. */
  async release(): Promise<Ended> {
    this.#run.child.stdin!.end();
    return this.#run.ended;
  }

  /** Kills the program. Its children keep running. */
  async kill(): Promise<void> {
    const exited = new Promise((resolve) => this.#run.child.once('exit', resolve));
    this.#run.child.kill('SIGKILL');
    await exited;
  }
}

/** Returns true if /proc/locks contains a waiter, which is marked with an arrow. */
function isBlocked(path: string): boolean {
  const { ino } = statSync(path);
  const waiter = new RegExp(`-> FLOCK .*:${ino} `, 'm');
  return waiter.test(readFileSync('/proc/locks', 'utf8'));
}

export const whyNoLockTable: Missing = (() => {
  try {
    readFileSync('/proc/locks');
    return null;
  } catch {
    return 'needs /proc/locks to detect a blocked process';
  }
})();
