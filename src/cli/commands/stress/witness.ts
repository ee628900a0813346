// Two witnesses that are independent of the lock. The marker is a file that a holder creates with
// O_EXCL after acquiring the lock and removes before releasing it. The counter is a number in a
// file. A holder reads it after acquiring the lock and writes the next number before releasing the
// lock. No number may be written twice.
import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { processStatesAreKnown } from '../../../internal.js';

/**
 * How long an ending process may take to disappear, in milliseconds. Applies to processes that
 * outlive their lock, and on systems where the state of a process cannot be read (macOS, Windows).
 */
const EXIT_GRACE_MS = 2000;
/** Word in the marker of a process that may outlive its lock. */
const OUTLIVES = 'outlives';
const LINE_FEED = 10;
/**
 * Flag in /proc/PID/stat (linux/sched.h): the process is ending, so its locks may already be free.
 */
const PF_EXITING = 4;

/** Records what one worker process observes while it holds the lock. */
export class Witness {
  readonly #directory: string;
  /**
   * Content of the marker: the pid, and {@link OUTLIVES} if the lock can become free before the
   * process ends.
   */
  readonly #name: string;
  #counted = 0;

  /**
   * @param outlivesLock true if a thread holds the lock: the end of the thread frees the lock, and
   *   the process ends shortly afterwards
   */
  constructor(directory: string, outlivesLock: boolean) {
    this.#directory = directory;
    this.#name = outlivesLock ? `${process.pid} ${OUTLIVES}` : String(process.pid);
  }

  /** Call after an exclusive acquire. Creates the marker and reads the counter. */
  enter(): void {
    this.#createMarker();
    this.#counted = this.#count();
  }

  /**
   * Call before the release of an exclusive lock. Increments the counter and removes the marker.
   */
  leave(): void {
    const next = this.#counted + 1;
    const draft = this.#path(`counter.${process.pid}`);
    writeFileSync(draft, String(next));
    renameSync(draft, this.#path('counter'));
    this.#note('counted', String(next));
    if (this.#marker() !== this.#name) this.#note('intruder', `${this.#marker()} replaced ${this.#name}`);
    this.removeMarker();
  }

  /**
   * Call before the process exits. Removes its marker, because a normal exit frees the lock while
   * the process still exists.
   */
  removeMarker(): void {
    if (this.#marker() === this.#name) rmSync(this.#path('marker'), { force: true });
  }

  /**
   * Call after a shared acquire. There must be no exclusive holder, and the counter must not
   * change, until {@link leaveShared} is called.
   */
  enterShared(): void {
    this.#counted = this.#count();
    this.#checkMarker();
  }

  /** Call before the release of a shared lock. Checks that there was no exclusive holder. */
  leaveShared(): void {
    if (this.#count() !== this.#counted)
      this.#note('intruder', `the counter changed while ${process.pid} held the lock in shared mode`);
    this.#checkMarker();
  }

  #createMarker(): void {
    for (let tries = 0; tries < 2; tries++) {
      try {
        writeFileSync(this.#path('marker'), this.#name, { flag: 'wx' });
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      this.#checkMarker();
      rmSync(this.#path('marker'), { force: true });
    }
  }

  /** Reports the holder that the marker names, unless that process has ended. */
  #checkMarker(): void {
    const name = this.#marker();
    const [pid, outlives] = name.split(' ');
    const graceMs = !processStatesAreKnown || outlives === OUTLIVES ? EXIT_GRACE_MS : 0;
    for (const deadline = performance.now() + graceMs; isRunning(Number(pid)); ) {
      if (performance.now() < deadline) continue;
      if (this.#marker() === name) this.#note('intruder', `${name} and ${this.#name} held the lock at once`);
      return;
    }
  }

  #marker(): string {
    return readText(this.#path('marker'));
  }

  #count(): number {
    return Number(readText(this.#path('counter'))) || 0;
  }

  #note(kind: 'counted' | 'intruder', text: string): void {
    appendFileSync(this.#path('journal'), `${kind} ${text}\n`);
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

/** Observations of all witnesses. */
export interface Findings {
  readonly entries: number;
  readonly countedTwice: readonly number[];
  readonly intruders: readonly string[];
}

/** Reads the journal, to which all witnesses append. */
export class JournalReader {
  readonly #path: string;
  readonly #seen = new Set<number>();
  readonly #countedTwice: number[] = [];
  readonly #intruders: string[] = [];
  #offset = 0;

  constructor(directory: string) {
    this.#path = join(directory, 'journal');
  }

  /** Returns all observations so far. */
  read(): Findings {
    const lines = this.#newLines();
    for (const line of lines) this.#add(line);
    return { entries: this.#seen.size, countedTwice: this.#countedTwice, intruders: this.#intruders };
  }

  /**
   * Returns the new complete lines. Each line is written with a single write(), but a read may
   * return only part of it.
   */
  #newLines(): string[] {
    const whole = existsSync(this.#path) ? readFrom(this.#path, this.#offset) : Buffer.alloc(0);
    const end = whole.lastIndexOf(LINE_FEED) + 1;
    this.#offset += end;
    return whole.subarray(0, end).toString().split('\n').filter(Boolean);
  }

  #add(line: string): void {
    const [kind, ...rest] = line.split(' ');
    if (kind === 'intruder') this.#intruders.push(rest.join(' '));
    if (kind !== 'counted') return;
    const value = Number(rest[0]);
    if (this.#seen.has(value)) this.#countedTwice.push(value);
    this.#seen.add(value);
  }
}

function readFrom(path: string, offset: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - offset));
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset));
  } finally {
    closeSync(file);
  }
}

/** Returns true unless the process has ended, is ending, or is a zombie. */
function isRunning(pid: number): boolean {
  if (pid === 0 || pid === process.pid) return false;
  const stat = processStatesAreKnown ? readText(`/proc/${pid}/stat`) : '';
  if (stat === '') return !processStatesAreKnown && exists(pid);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return !'ZX'.includes(fields[0]!) && (Number(fields[6]) & PF_EXITING) === 0;
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
