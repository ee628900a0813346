// Two witnesses that know nothing of the lock. The marker: a file that is created with O_EXCL on the way in and removed on the way
// out. The counter: read on the way in and written on the way out; no value may be written twice.
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
import { processStatesAreKnown } from '../../../index.js';

/** Milliseconds that a killed process may take to disappear where its state cannot be read (macOS, Windows). */
const DYING_MS = 2000;
const OUTLIVES = 'outlives';
const LINE_FEED = 10;
/** A flag of /proc/PID/stat: the process is ending, and its locks may be free already (linux/sched.h). */
const PF_EXITING = 4;

export class Witness {
  readonly #directory: string;
  /** What the marker says: the process, and whether its lock may be free while it still lives. */
  readonly #name: string;
  #counted = 0;

  /** @param outlivesLock its worker thread holds the lock: the end of that frees it, and the process ends a moment later */
  constructor(directory: string, outlivesLock: boolean) {
    this.#directory = directory;
    this.#name = outlivesLock ? `${process.pid} ${OUTLIVES}` : String(process.pid);
  }

  /** With the lock held. */
  enter(): void {
    this.#mark();
    this.#counted = this.#count();
  }

  /** Still with the lock held. */
  leave(): void {
    const next = this.#counted + 1;
    const draft = this.#path(`counter.${process.pid}`);
    writeFileSync(draft, String(next));
    renameSync(draft, this.#path('counter'));
    this.#note('counted', String(next));
    if (this.#marker() !== this.#name) this.#note('intruder', `${this.#marker()} replaced ${this.#name}`);
    this.abandon();
  }

  /** An orderly end releases the lock while the process still lives, so the marker goes before. */
  abandon(): void {
    if (this.#marker() === this.#name) rmSync(this.#path('marker'), { force: true });
  }

  /** A holder in shared mode: no exclusive holder may be inside, nor change the counter meanwhile. */
  look(): void {
    this.#counted = this.#count();
    this.#checkMarker();
  }

  lookAgain(): void {
    if (this.#count() !== this.#counted) this.#note('intruder', `a writer beside the reader ${process.pid}`);
    this.#checkMarker();
  }

  #mark(): void {
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

  /** The marker of a dead holder means nothing. */
  #checkMarker(): void {
    const name = this.#marker();
    const [pid, outlives] = name.split(' ');
    const graceMs = !processStatesAreKnown || outlives === OUTLIVES ? DYING_MS : 0;
    for (const deadline = performance.now() + graceMs; isInside(Number(pid)); ) {
      if (performance.now() < deadline) continue;
      if (this.#marker() === name) this.#note('intruder', `${name} is inside beside ${this.#name}`);
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

export interface Findings {
  readonly entries: number;
  readonly countedTwice: readonly number[];
  readonly intruders: readonly string[];
}

/** Reads what the witnesses of all contenders have written down. */
export class JournalReader {
  readonly #path: string;
  readonly #seen = new Set<number>();
  readonly #countedTwice: number[] = [];
  readonly #intruders: string[] = [];
  #offset = 0;

  constructor(directory: string) {
    this.#path = join(directory, 'journal');
  }

  /** Everything up to now. */
  read(): Findings {
    const lines = this.#newLines();
    for (const line of lines) this.#take(line);
    return { entries: this.#seen.size, countedTwice: this.#countedTwice, intruders: this.#intruders };
  }

  /** Each line is one write(), so that only a line that is complete is there. */
  #newLines(): string[] {
    const whole = existsSync(this.#path) ? readFrom(this.#path, this.#offset) : Buffer.alloc(0);
    const end = whole.lastIndexOf(LINE_FEED) + 1;
    this.#offset += end;
    return whole.subarray(0, end).toString().split('\n').filter(Boolean);
  }

  #take(line: string): void {
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

/** A zombie, or a process that is ending, is not inside. */
function isInside(pid: number): boolean {
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
