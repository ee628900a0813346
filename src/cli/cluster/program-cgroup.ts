// A cgroup (version 2) for one program and its descendants, below the cgroup of this process. One write to cgroup.kill ends them all,
// also those that have left the program's session and process group. Linux 5.14 and later; man 7 cgroups.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../clock.js';
import { errorLine, say } from '../output.js';

/** Joins the cgroup `$1`, and becomes the program. The shell joins by itself, so that no descendant is born outside. */
const JOIN = 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"';
/** A killed process leaves its cgroup when it has left the kernel, which an I/O request can delay. */
const EMPTY_MS = 5000;
const STEP_MS = 5;

export class ProgramCgroup {
  /** Made by this process, and the only one that is written to or removed. */
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Returns null if there is no cgroup of version 2, if this process may not divide its own, or if the kernel lacks cgroup.kill. */
  static tryCreate(): ProgramCgroup | null {
    for (const parent of ownCgroups()) {
      const cgroup = ProgramCgroup.#tryCreateBelow(parent);
      if (cgroup?.isUsable()) return cgroup;
      cgroup?.remove();
    }
    return null;
  }

  static #tryCreateBelow(parent: string): ProgramCgroup | null {
    try {
      return new ProgramCgroup(mkdtempSync(join(parent, `gateway-lock-${process.pid}-`)));
    } catch {
      return null;
    }
  }

  /** The command that runs `words` in this cgroup. */
  commandOf(words: readonly string[]): readonly string[] {
    return ['/bin/sh', '-c', JOIN, 'sh', this.folder, ...words];
  }

  /** Sends SIGKILL to every process of this cgroup. */
  kill(): void {
    try {
      writeFileSync(join(this.folder, 'cgroup.kill'), '1');
    } catch (error) {
      say(errorLine(error));
    }
  }

  /** Ends what the program has left, waits until it has ended, and removes the cgroup. */
  async close(): Promise<void> {
    this.kill();
    const deadlineMs = monotonicMs() + EMPTY_MS;
    while (this.#isPopulated() && monotonicMs() < deadlineMs) await sleep(STEP_MS);
    this.remove();
  }

  /** A process may be refused in a cgroup that it may make, for example because it may not leave its own. */
  isUsable(): boolean {
    if (!existsSync(join(this.folder, 'cgroup.kill'))) return false;
    const [file, ...args] = this.commandOf(['/bin/sh', '-c', ':']);
    return spawnSync(file!, args, { stdio: 'ignore' }).status === 0;
  }

  remove(): void {
    try {
      rmdirSync(this.folder);
    } catch (error) {
      say(errorLine(error));
    }
  }

  #isPopulated(): boolean {
    return /^populated 1$/m.test(readFileSync(join(this.folder, 'cgroup.events'), 'utf8'));
  }
}

/** The folders of the cgroup of this process, one for each place where version 2 is mounted. Empty on other systems. */
function ownCgroups(): readonly string[] {
  const own = /^0::(.*)$/m.exec(readText('/proc/self/cgroup'))?.[1];
  if (own === undefined) return [];
  return readText('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => line.includes(' - cgroup2 '))
    .map((line) => line.split(' ').map(unescaped))
    .map(([, , , root, mountPoint]) => folderBelow(mountPoint!, posix.relative(root!, own)))
    .filter((folder) => folder !== null);
}

/** Returns null if the mount does not show the cgroup. */
function folderBelow(mountPoint: string, path: string): string | null {
  return path.startsWith('..') ? null : join(mountPoint, path);
}

/** Spaces are written as `\040` there (man 5 proc). */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
