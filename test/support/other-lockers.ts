// Programs of other people that lock a file: flock(1), Python's fcntl, the Python package filelock.
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Missing } from './capabilities.js';
import { type Ended, type Running, start, untilPrinted } from './command.js';
import { until } from './places.js';
import { filelockPython, python, whyNoFcntl, whyNoFilelock } from './python.js';

const LOCKER = fileURLToPath(new URL('../fixtures/other-locker.py', import.meta.url));

export const whyNoFlock: Missing =
  spawnSync('flock', ['--version']).status === 0 ? null : 'needs flock(1) of util-linux';

export interface OtherLocker {
  readonly name: string;
  readonly missing: Missing;
  readonly mode: 'exclusive' | 'shared';
  /** Waits in the kernel, or asks again and again. null: it never waits. */
  readonly waits: 'kernel' | 'poll' | null;
  /** Empties the file whenever it opens it, and so removes the record of a holder. */
  readonly truncates: boolean;
  readonly command: (path: string) => readonly string[];
}

/** flock(1) keeps the lock while `cat` runs, which ends with its stdin. */
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

function pythons(kind: string, how: 'block' | 'try', missing: Missing, interpreter = python): OtherLocker {
  const waits = how === 'try' ? null : kind === 'filelock' ? 'poll' : 'kernel';
  const name = `Python ${kind}${how === 'try' ? ', not blocking' : ''}`;
  const command = (path: string) => [interpreter, LOCKER, kind, path, how];
  return { name, missing, mode: 'exclusive', waits, truncates: kind === 'filelock', command };
}

/** All of them lock with flock(2), as this package does on Linux and macOS. */
export const KERNEL_LOCKERS: readonly OtherLocker[] = [
  flock('', 'kernel'),
  flock('-w 60', 'kernel'),
  flock('-o', 'kernel'),
  flock('-s', 'kernel', 'shared'),
  flock('-n', null),
  flock('-n -F', null),
  pythons('flock', 'block', whyNoFcntl),
  pythons('flock', 'try', whyNoFcntl),
  pythons('filelock', 'block', whyNoFilelock, filelockPython),
  pythons('filelock', 'try', whyNoFilelock, filelockPython),
];

/** fcntl(F_SETLK): another kind of lock. */
export const PYTHON_LOCKF: OtherLocker = pythons('lockf', 'try', whyNoFcntl);

/** One of those programs, ended when the test has finished. */
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

  /** @throws when it ends without the lock */
  async holds(): Promise<this> {
    await untilPrinted(this.#run, /^held$/m);
    return this;
  }

  /** Ends by itself, and never had the lock. */
  async isRefused(): Promise<boolean> {
    const { code, out } = await this.#run.ended;
    return code === 1 && !/^held$/m.test(out);
  }

  /** It has been refused, and waits. */
  async waits(path: string): Promise<void> {
    if (this.#locker.waits === 'poll') return untilPrinted(this.#run, /^waiting$/m);
    await until(() => isBlocked(path), `${this.#locker.name} waits for '${path}': ${this.#run.out}${this.#run.err}`);
  }

  get hasHeld(): boolean {
    return /^held$/m.test(this.#run.out);
  }

  async release(): Promise<Ended> {
    this.#run.child.stdin!.end();
    return this.#run.ended;
  }

  /** Its children, if it has any, live on. */
  async kill(): Promise<void> {
    const exited = new Promise((resolve) => this.#run.child.once('exit', resolve));
    this.#run.child.kill('SIGKILL');
    await exited;
  }
}

/** A line of /proc/locks with an arrow is a waiter. */
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
    return 'needs /proc/locks to see who is blocked';
  }
})();
