// A probe holds the kernel lock for a few microseconds. A prober must not be mistaken for a holder.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { probeLock, tryAcquireLock } from '../../src/index.js';
import { startActor } from '../support/actors.js';
import { freshDirectory } from '../support/directories.js';

const CYCLES = 4000;
/**
 * The tolerated number of failed attempts. Without a retry 100 to 170 of 4000 attempts fail; with a
 * retry none. Some failures are tolerated, because a busy machine can suspend the prober for longer
 * than any grace period while the prober holds the lock.
 */
const TOLERATED = 4;
/** The number of attempts: a few hundred under Wine, where each attempt takes 5 to 10 ms. */
const MAX_DURATION_MS = 15_000;
/** The number of probes. Without a retry 7 to 12 of them would fail. */
const MIN_CYCLES = 300;

/** Returns a path that another process probes continuously. */
async function probedPath(): Promise<string> {
  const path = join(freshDirectory(), 'a.lock');
  const prober = await startActor();
  await prober.call('startProbing', path);
  return path;
}

/** Returns the number of failed attempts to acquire the free lock. */
function failedAttempts(path: string, leftover: string, mode: 'exclusive' | 'shared'): number {
  const deadline = performance.now() + MAX_DURATION_MS;
  let failed = 0;
  let cycle = 0;
  for (; cycle < CYCLES && performance.now() < deadline; cycle++) {
    writeFileSync(path, leftover);
    const lock = tryAcquireLock(path, { mode });
    if (lock === null) failed++;
    lock?.release();
  }
  expect(cycle).toBeGreaterThanOrEqual(MIN_CYCLES);
  return failed;
}

test.each(['exclusive', 'shared'] as const)('a continuous prober does not make an %s attempt fail', async (mode) => {
  const path = await probedPath();
  expect(failedAttempts(path, '', mode)).toBeLessThanOrEqual(TOLERATED);
  expect(failedAttempts(path, '{"pid":2147483646,"kernelLock":true}\n', mode)).toBeLessThanOrEqual(TOLERATED);
});

test('a continuous prober does not look like a holder to another prober', async () => {
  const path = await probedPath();
  writeFileSync(path, '');
  const states = Array.from({ length: CYCLES }, () => probeLock(path).state);
  expect(states.filter((state) => state !== 'free').length).toBeLessThanOrEqual(TOLERATED);
});

test('a continuous prober neither disturbs the holder nor lets another caller acquire the lock', async () => {
  const path = await probedPath();
  const lock = tryAcquireLock(path)!;
  const entered = Array.from({ length: CYCLES }, () => tryAcquireLock(path)).filter((second) => second !== null);
  expect([entered.length, lock.verify()]).toEqual([0, true]);
  lock.release();
});
