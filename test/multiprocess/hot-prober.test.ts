// Asking the kernel who has a lock is itself taking it for some microseconds: that must not be mistaken for a holder.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { probeLock, tryAcquireLock } from '../../src/index.js';
import { startActor } from '../support/actors.js';
import { freshDirectory } from '../support/places.js';

const CYCLES = 4000;
/**
 * Seen without asking again: 100 to 170 of 4000; with it none. Some are allowed, because a machine that is busy enough
 * can stop the prober, while it has the lock, for longer than any grace.
 */
const TOLERATED = 4;
/** Milliseconds. Under Wine a cycle takes 5 to 10, and some hundred of them show what is looked for as well. */
const MAX_BACKOFF_MS = 15_000;
/** Of these 7 to 12 would fail without asking again. */
const FEWEST_CYCLES = 300;

/** A path that another process probes as fast as it can. */
async function probedPath(): Promise<string> {
  const path = join(freshDirectory(), 'a.lock');
  const prober = await startActor();
  await prober.call('startProbing', path);
  return path;
}

/** How many starts failed, of a lock that nobody holds. */
function failedStarts(path: string, leftover: string, mode: 'exclusive' | 'shared'): number {
  const deadline = performance.now() + MAX_BACKOFF_MS;
  let failed = 0;
  let cycle = 0;
  for (; cycle < CYCLES && performance.now() < deadline; cycle++) {
    writeFileSync(path, leftover);
    const lock = tryAcquireLock(path, { mode });
    if (lock === null) failed++;
    lock?.release();
  }
  expect(cycle).toBeGreaterThanOrEqual(FEWEST_CYCLES);
  return failed;
}

test.each(['exclusive', 'shared'] as const)('a prober in a hot loop does not make %s starts fail', async (mode) => {
  const path = await probedPath();
  expect(failedStarts(path, '', mode)).toBeLessThanOrEqual(TOLERATED);
  expect(failedStarts(path, '{"pid":2147483646,"kernelLock":true}\n', mode)).toBeLessThanOrEqual(TOLERATED);
});

test('a prober in a hot loop is not taken for a holder by another prober', async () => {
  const path = await probedPath();
  writeFileSync(path, '');
  const states = Array.from({ length: CYCLES }, () => probeLock(path).state);
  expect(states.filter((state) => state !== 'free').length).toBeLessThanOrEqual(TOLERATED);
});

test('a prober in a hot loop changes nothing for the holder, and lets no contender in', async () => {
  const path = await probedPath();
  const lock = tryAcquireLock(path)!;
  const entered = Array.from({ length: CYCLES }, () => tryAcquireLock(path)).filter((contender) => contender !== null);
  expect([entered.length, lock.verify()]).toEqual([0, true]);
  lock.release();
});
