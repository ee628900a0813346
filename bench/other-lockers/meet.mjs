// Lets another program and this package compete for the same lock: first the other program holds
// it, then this package.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { acquireLock, tryAcquireLock } from '../../dist/index.js';

/** The time limit for a result, which is long because Java first compiles its program. */
const ANSWER_MS = 60_000;
/**
 * A modification time that proper-lockfile considers stale. `lockfile` checks the change time
 * instead.
 */
const AN_HOUR_AGO = Date.now() / 1000 - 3600;

/** Returns the cells of the table. @param {import('./lockers.mjs').Locker} locker */
export async function rowOf({ name, kind, command }, folder) {
  const path = join(mkdtempSync(join(folder, 'lock-')), 'a.lock');
  try {
    const before = await whileItHolds(command(path), path);
    const [during, record] = await whileWeHold(command(path), path);
    const after = await afterOurRelease(command(path));
    return [name, kind, before, during, after, record];
  } catch (error) {
    return [name, kind, `not run: ${error.message.split('\n')[0]}`, '', '', ''];
  }
}

async function whileItHolds(command, path) {
  const other = await start(command);
  if (other.answer !== 'held') throw new Error(`it printed: ${other.answer}`);
  try {
    const lock = tryAcquireLock(path);
    lock?.release();
    return lock === null ? 'is refused' : '**gets in**';
  } catch (error) {
    return `is refused (${error.code})`;
  } finally {
    await other.end();
  }
}

/**
 * Returns the other program's result while this package holds the lock. First gives the lock file
 * an old modification time, to expose programs that judge a lock by its file's age.
 */
async function whileWeHold(command, path) {
  const lock = await acquireLock(path);
  const { ino } = statSync(path);
  utimesSync(path, AN_HOUR_AGO, AN_HOUR_AGO);
  const other = await start(command);
  const record = recordAt(path, ino);
  await other.end();
  lock.release();
  return [saidBy(other), record];
}

function recordAt(path, ino) {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined || info.ino !== ino) return '**the file is removed**';
  return readFileSync(path, 'utf8').startsWith('{"pid":') ? 'stays' : 'is emptied';
}

async function afterOurRelease(command) {
  const other = await start(command);
  await other.end();
  return saidBy(other, 'gets in');
}

const saidBy = ({ answer }, in_ = '**gets in**') =>
  answer === 'held' ? in_ : `is refused${/ E\w+$/.test(answer) ? ` (${answer.split(' ')[1]})` : ''}`;

/** Starts the program. Resolves with the first line of its output and a function that ends it. */
async function start([file, ...args]) {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'], timeout: ANSWER_MS });
  const ended = new Promise((resolve, reject) => child.once('close', resolve).once('error', reject));
  // flock(1) prints nothing when refused.
  const answer = await Promise.race([firstLine(child), ended.then(() => 'refused')]);
  return {
    answer,
    end: () => {
      child.stdin.end();
      return ended;
    },
  };
}

const firstLine = (child) =>
  new Promise((resolve) => createInterface(child.stdout).once('line', (line) => setImmediate(resolve, line)));
