// The wall clock is set forward or back while processes hold a lock and wait for it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { acquireLock, probeLock, tryAcquireLock } from '../../../src/index.js';
import { type Actor, startActor } from '../../support/actors.js';
import { compileLibrary } from '../../support/c-program.js';
import { need } from '../../support/capabilities.js';
import { freshDirectory } from '../../support/directories.js';
import { whyNoFaults } from '../../support/faulty-actor.js';
import { hold } from '../../support/holding.js';

const YEAR_S = 365 * 86_400;
const STEPS = [
  ['ten years ahead', 10 * YEAR_S],
  ['ten years behind', -10 * YEAR_S],
] as const;
const noPreload = whyNoFaults();

interface SteppedActor {
  readonly actor: Actor;
  /** Sets the difference between the actor's wall clock and the system's, in seconds. */
  step(seconds: number): Promise<void>;
}

/** Starts an actor whose wall clock can be set. Fails if the clock cannot be set. */
async function startStepped(seconds: number): Promise<SteppedActor> {
  const [library, file] = [compileLibrary('stepped-clock'), join(freshDirectory(), 'offset')];
  writeFileSync(file, String(seconds));
  const actor = await startActor({ env: { ...process.env, LD_PRELOAD: library, STEPPED_CLOCK: file } });
  const step = async (offset: number) => {
    writeFileSync(file, String(offset));
    const difference = (await actor.call<number>('wallClockMs')) - Date.now();
    expect(Math.abs(difference / 1000 - offset)).toBeLessThan(3600);
  };
  await step(seconds);
  return { actor, step };
}

beforeEach((ctx) => need(ctx, noPreload));

const lockPath = () => join(freshDirectory(), 'a.lock');

describe.each(STEPS)('a holder whose clock is %s', (_what, seconds) => {
  test('counts as alive and keeps the lock, and its lock is free at once after kill -9', async () => {
    const path = lockPath();
    const { actor } = await startStepped(seconds);
    await actor.call('tryAcquire', path);
    expect(tryAcquireLock(path)).toBeNull();
    expect(probeLock(path)).toMatchObject({ state: 'held', ownerAlive: true, owner: { pid: actor.pid } });
    await actor.kill();
    expect(hold(path)).toMatchObject({ reclaimed: 'owner-gone' });
  });

  test('keeps the lock when the clock is corrected', async () => {
    const path = lockPath();
    const { actor, step } = await startStepped(seconds);
    await actor.call('tryAcquire', path);
    await step(0);
    expect(await actor.call('verify', path)).toBe(true);
    expect(probeLock(path)).toMatchObject({ state: 'held', ownerAlive: true });
    await actor.call('release', path);
    expect(hold(path)).toMatchObject({ reclaimed: null });
  });
});

describe.each(STEPS)('a waiter whose clock is set %s during the wait', (_what, seconds) => {
  test('keeps waiting, and acquires the lock after the release', async () => {
    const path = lockPath();
    const holder = hold(path);
    const { actor, step } = await startStepped(0);
    let settled = false;
    const waiting = actor.call('acquire', path, { timeoutMs: 60_000 }).finally(() => (settled = true));
    await step(seconds);
    await actor.call('probe', path);
    expect(settled).toBe(false);
    holder.release();
    expect(await waiting).toMatchObject({ reclaimed: null });
  });

  test('still times out', async () => {
    const path = lockPath();
    hold(path);
    const { actor, step } = await startStepped(0);
    const waiting = actor.call('acquire', path, { timeoutMs: 700 });
    const failed = expect(waiting).rejects.toMatchObject({ code: 'ERR_LOCK_TIMEOUT' });
    await step(seconds);
    await failed;
  });
});

test('processes whose clocks differ by twenty years exclude each other and wake each other', async () => {
  const path = lockPath();
  const [ahead, behind] = [await startStepped(10 * YEAR_S), await startStepped(-10 * YEAR_S)];
  await ahead.actor.call('tryAcquire', path);
  expect(await behind.actor.call('tryAcquire', path)).toBeNull();
  const waiting = behind.actor.call('acquire', path, { timeoutMs: 20_000 });
  await behind.actor.call('probe', path);
  await ahead.actor.call('release', path);
  expect(await waiting).toMatchObject({ reclaimed: null });
  await expect(acquireLock(path, { timeoutMs: 0 })).rejects.toMatchObject({ ownerAlive: true });
});
