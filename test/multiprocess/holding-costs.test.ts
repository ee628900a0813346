// CPU time of a process after and during a wait. On macOS, a process used a whole core after a
// finished wait because EVFILT_USER was set without EV_CLEAR. The test runs on every system.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Actor, startActor } from '../support/actors.js';
import { freshDirectory } from '../support/directories.js';

const HOLD_MS = 3000;
const MAX_CPU_MS = 100;

async function cpuOf(actor: Actor, during: () => Promise<unknown>): Promise<number> {
  const before = await actor.call<number>('cpuMs');
  await during();
  return (await actor.call<number>('cpuMs')) - before;
}

test('a holder that has waited before uses less than 100 ms of CPU in 3 s', async () => {
  const path = join(freshDirectory(), 'a.lock');
  const [holder, waiter] = [await startActor(), await startActor()];
  await holder.call('tryAcquire', path);
  const lock = waiter.call('acquire', path, { timeoutMs: 20_000 });
  await waiter.call('probe', path);
  await holder.call('release', path);
  await lock;
  expect(await cpuOf(waiter, () => sleep(HOLD_MS))).toBeLessThan(MAX_CPU_MS);
});

test('a waiter that has waited before uses less than 100 ms of CPU in 3 s', async () => {
  const path = join(freshDirectory(), 'a.lock');
  const [holder, waiter] = [await startActor(), await startActor()];
  await waiter.call('tryAcquire', path);
  const returned = holder.call('acquire', path, { timeoutMs: 20_000 });
  await holder.call('probe', path);
  await waiter.call('release', path);
  await returned;
  const lock = waiter.call('acquire', path, { timeoutMs: 20_000 });
  await waiter.call('probe', path);
  expect(await cpuOf(waiter, () => sleep(HOLD_MS))).toBeLessThan(MAX_CPU_MS);
  await holder.call('release', path);
  await lock;
});
