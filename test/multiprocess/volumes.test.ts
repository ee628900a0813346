// Tests locks on the volumes that the variable GATEWAY_LOCK_TEST_VOLUMES names as JSON, for example
// { "ExFAT": "/Volumes/exfat" }. The CI workflow mounts disk images and shares for these tests. On
// each volume a lock must exclude other processes, or fail with an error that names the fault of
// the file system.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { startActor } from '../support/actors.js';

const VOLUMES = Object.entries(JSON.parse(process.env['GATEWAY_LOCK_TEST_VOLUMES'] || '{}') as Record<string, string>);
const REFUSALS = ['ERR_LOCK_WEAK_FILESYSTEM', 'ERR_LOCK_UNSUPPORTED', 'ERR_LOCK_INVALID_FILE', 'ERR_LOCK_PERMISSION'];
/** The time within which a lost lock must be reported, in milliseconds. */
const LOST_MS = 1500;

if (VOLUMES.length === 0)
  test('on each volume a lock excludes other processes or is refused', (ctx) =>
    ctx.skip('GATEWAY_LOCK_TEST_VOLUMES names no volumes'));

test.for(VOLUMES)('on the volume %s a lock excludes other processes or is refused', async ([name, folder]) => {
  const directory = mkdtempSync(join(folder, 'gateway-lock-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'a.lock');
  const [holder, waiter] = [await startActor(), await startActor()];
  const outcome = await holder.call<{ strength: string }>('tryAcquire', path).catch((error: Error) => error);
  if (outcome instanceof Error) {
    console.log(`${name}: refused: ${outcome.message}`);
    expect(REFUSALS).toContain((outcome as NodeJS.ErrnoException).code);
    return;
  }
  console.log(`${name}: ${outcome.strength}`);
  expect(await waiter.call('tryAcquire', path)).toBeNull();
  await sleep(LOST_MS);
  expect(await holder.call('verify', path)).toBe(true);
  const lock = waiter.call('acquire', path, { timeoutMs: 20_000 });
  await waiter.call('probe', path);
  await holder.kill('SIGKILL');
  expect(await lock).toMatchObject({ reclaimed: 'owner-gone' });
});
