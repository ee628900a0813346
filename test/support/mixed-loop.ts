// The mixed loop: this package and other lock programs repeatedly enter one critical section,
// protected by one lock file. Two witnesses, independent of the lock, detect a double entry
// (test/fixtures/witness.sh).
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Running, start } from './command.js';
import { freshDirectory } from './directories.js';
import { python } from './python.js';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
/** Milliseconds between checks for a double entry. */
const CHECK_MS = 50;

/** Options of {@link mixedLoop}. */
export interface MixedLoopOptions {
  readonly keepFile: boolean;
  readonly seconds: number;
  /** Ends the loop at the first double entry. */
  readonly untilDouble?: boolean;
}

/** The result of the loop. */
export interface MixedLoopResult {
  /** How often each program entered the critical section. */
  readonly entries: Readonly<Record<string, number>>;
  /** Witness 1: the programs that found the marker of another program. */
  readonly doubles: readonly string[];
  /** Witness 2: the number of entries that are missing from the counter. */
  readonly lost: number;
  /** Stderr of the programs that failed. */
  readonly failures: readonly string[];
}

/** Runs the loop for `seconds`. */
export async function mixedLoop(options: MixedLoopOptions): Promise<MixedLoopResult> {
  const directory = freshDirectory();
  writeFileSync(join(directory, 'counter'), '0\n');
  const entrants = startEntrants(join(directory, 'the.lock'), directory, options.keepFile);
  const deadline = performance.now() + options.seconds * 1000;
  while (performance.now() < deadline && !(options.untilDouble && hasDouble(directory))) await sleep(CHECK_MS);
  writeFileSync(join(directory, 'stop'), '');
  const ended = await Promise.all(entrants.map(({ ended }) => ended));
  // Ignores the exit code, which is 1 if flock -n is refused.
  const failures = ended.filter(({ err }) => err !== '').map(({ err }) => err);
  return { ...readWitnesses(directory), failures };
}

function startEntrants(lock: string, directory: string, keepFile: boolean): Running[] {
  const shell = (name: string, ...options: string[]) =>
    start(['sh', fixture('entrant.sh'), lock, directory, name, ...options], { program: ['env'] });
  const after = keepFile ? 'keep' : 'remove';
  const ours = ['ours-1', 'ours-2', 'ours-3'].map((name) =>
    start([fixture('mixed-entrant.mjs'), lock, directory, name, after], { program: [process.execPath] }),
  );
  return [
    ...ours,
    shell('flock', '-x'),
    shell('flock-w', '-x', '-w', '5'),
    shell('flock-n', '-n'),
    start([fixture('entrant.py'), lock, directory, 'python'], { program: [python] }),
  ];
}

const hasDouble = (directory: string): boolean => existsSync(join(directory, 'doubles'));

function readWitnesses(directory: string): Omit<MixedLoopResult, 'failures'> {
  const lines = (name: string) => readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1);
  const names = readdirSync(directory).filter((name) => name.startsWith('entries.'));
  const entries = Object.fromEntries(names.map((name) => [name.slice('entries.'.length), lines(name).length]));
  const total = Object.values(entries).reduce((sum, count) => sum + count, 0);
  const lost = total - Number(lines('counter')[0]);
  return { entries, doubles: hasDouble(directory) ? lines('doubles') : [], lost };
}
