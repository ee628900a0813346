// Tests in which a lock passes from one holder to the next thousands of times.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { acquireLock, probeLock, tryAcquireLock } from '../../src/index.js';
import { startActor } from '../support/actors.js';
import { isWine, whyNotWindows } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';

const HAND_OVER = fileURLToPath(new URL('../fixtures/hand-over.mjs', import.meta.url));
/**
 * The accepted ways in which a waiter is woken. Windows does not report the death of a holder that
 * has not written its record yet, so there a waiter also polls.
 */
const MOST_POLLED = whyNotWindows === null ? 0.25 : 0;
/** The number of hand-overs: fewer under Wine, where each hand-over takes at least 10 ms. */
const [HAND_OVERS, IN_ONE_PROCESS] = isWine ? [600, 2000] : [3000, 10_000];
const SLOW = { timeout: 240_000 };
const children = new Set<ChildProcess>();

afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  children.clear();
});

describe('continuous hand-overs of a lock', () => {
  test.each([2, 5])(
    'hand-overs between %i processes lose no wake-up, and every process acquires the lock',
    SLOW,
    async (processes) => {
      const directory = freshDirectory();
      const [path, counter] = [join(directory, 'a.lock'), join(directory, 'counter')];
      writeFileSync(counter, '0 0');
      const rounds = HAND_OVERS / processes;
      const workers = Array.from({ length: processes }, () => fork(HAND_OVER, [path, counter, String(rounds)]));
      for (const worker of workers) children.add(worker);
      await Promise.all(workers.map((worker) => once(worker, 'message')));
      const ends = workers.map(async (worker) => (await once(worker, 'message'))[0]);
      for (const worker of workers) worker.send('go');
      const results = (await Promise.all(ends)) as { handOvers: number; polled: number }[];
      expect(readFileSync(counter, 'utf8').split(' ')[1]).toBe(String(rounds * processes));
      for (const { polled } of results) expect(polled).toBeLessThanOrEqual(rounds * MOST_POLLED);
      // A process that has just released the lock acquires it faster than a waiter, which must wake
      // up first. Most releases are therefore not hand-overs.
      for (const { handOvers } of results) expect(handOvers).toBeGreaterThan(rounds / 250);
      expect(probeLock(path)).toMatchObject({ state: 'free', owner: null });
    },
  );

  test(`${IN_ONE_PROCESS} hand-overs within one process serve all waiters equally often`, SLOW, async () => {
    const path = join(freshDirectory(), 'a.lock');
    const workers = 10;
    const served = new Array<number>(workers).fill(0);
    const work = async (worker: number) => {
      for (let round = 0; round < IN_ONE_PROCESS / workers; round++) {
        using _lock = await acquireLock(path, { timeoutMs: Infinity });
        served[worker]!++;
        expect(Math.max(...served) - Math.min(...served)).toBeLessThanOrEqual(1);
        // Yields to the event loop in every tenth round.
        if (round % 10 === 0) await turn();
      }
    };
    await Promise.all(served.map((_, worker) => work(worker)));
    expect(served).toEqual(new Array(workers).fill(IN_ONE_PROCESS / workers));
  });
});

describe('many waiters', () => {
  test('all of 200 waiters in 10 processes acquire the lock', async () => {
    const path = join(freshDirectory(), 'a.lock');
    const holder = tryAcquireLock(path)!;
    onTestFinished(() => holder.release());
    const actors = await Promise.all(Array.from({ length: 10 }, () => startActor()));
    const waits = actors.map((actor) => actor.call<number>('acquireInTurn', path, 20));
    holder.release();
    expect(await Promise.all(waits)).toEqual(actors.map(() => 20));
    expect(probeLock(path).state).toBe('free');
  });
});
