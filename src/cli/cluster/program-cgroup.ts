// A cgroup (version 2) for one program and its descendants, below the cgroup of this process. A
// single write to cgroup.kill kills all of them, including descendants that have left the program's
// session and process group. cgroup.kill needs Linux 5.14 (man 7 cgroups).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../clock.js';
import { errorLine, say } from '../output.js';

/**
 * A shell script that joins the cgroup `$1` and then executes the program, so that every descendant
 * is in the cgroup.
 */
const JOIN = 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"';
/**
 * How long to wait for killed processes to leave the cgroup, in milliseconds. Pending I/O in the
 * kernel can delay the end of a killed process.
 */
const EMPTY_TIMEOUT_MS = 5000;
const POLL_MS = 5;

/** A cgroup that this process has created. */
export class ProgramCgroup {
  /** Directory of the cgroup. This class never changes or removes another cgroup. */
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /**
   * Creates a cgroup. Returns null if cgroup v2 is not mounted, if this process may not create a
   * cgroup below its own, or if the kernel has no cgroup.kill.
   */
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

  /** Returns the command that runs `words` in this cgroup. */
  commandOf(words: readonly string[]): readonly string[] {
    return ['/bin/sh', '-c', JOIN, 'sh', this.directory, ...words];
  }

  /** Sends SIGKILL to every process of this cgroup. */
  kill(): void {
    try {
      writeFileSync(join(this.directory, 'cgroup.kill'), '1');
    } catch (error) {
      say(errorLine(error));
    }
  }

  /** Kills the remaining processes, waits until they have ended, and removes the cgroup. */
  async close(): Promise<void> {
    this.kill();
    const deadlineMs = monotonicMs() + EMPTY_TIMEOUT_MS;
    while (this.#isPopulated() && monotonicMs() < deadlineMs) await sleep(POLL_MS);
    this.remove();
  }

  /**
   * Returns true if a process can join this cgroup. Joining fails if processes may not leave their
   * current cgroup, even though the directory could be created.
   */
  isUsable(): boolean {
    if (!existsSync(join(this.directory, 'cgroup.kill'))) return false;
    const [file, ...args] = this.commandOf(['/bin/sh', '-c', ':']);
    return spawnSync(file!, args, { stdio: 'ignore' }).status === 0;
  }

  remove(): void {
    try {
      rmdirSync(this.directory);
    } catch (error) {
      say(errorLine(error));
    }
  }

  #isPopulated(): boolean {
    return /^populated 1$/m.test(readFileSync(join(this.directory, 'cgroup.events'), 'utf8'));
  }
}

/**
 * Returns the paths of this process's cgroup, one for each cgroup v2 mount. The array is empty on
 * systems other than Linux.
 */
function ownCgroups(): readonly string[] {
  const own = /^0::(.*)$/m.exec(readText('/proc/self/cgroup'))?.[1];
  if (own === undefined) return [];
  return readText('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => line.includes(' - cgroup2 '))
    .map((line) => line.split(' ').map(unescaped))
    .map(([, , , root, mountPoint]) => directoryBelow(mountPoint!, posix.relative(root!, own)))
    .filter((directory) => directory !== null);
}

/** Returns the path of a cgroup below `mountPoint`, or null if the mount does not contain it. */
function directoryBelow(mountPoint: string, path: string): string | null {
  return path.startsWith('..') ? null : join(mountPoint, path);
}

/** Decodes a field of mountinfo, where a space is written as `\040` (man 5 proc). */
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
