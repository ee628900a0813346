// Simulates the suspend of a machine. The tests stop the process, and a preloaded library
// (test/fixtures/cluster/frozen-clock.c) stops each clock that does not advance during a suspend.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { acquireClusterLock } from '../../src/cluster/index.js';
import { type Missing, need, whyNoPosixCompiler } from '../support/capabilities.js';
import { DroppingProxy } from '../support/cluster/dropping-proxy.js';
import { ENGINES, type RunningEngine } from '../support/cluster/engines.js';
import { Holder } from '../support/cluster/holder.js';
import { buildWith, type Fault, ROOT } from '../support/cluster/planted-faults.js';
import { freshDirectory } from '../support/directories.js';
import { until } from '../support/until.js';

const TTL_MS = 5000;
const SUSPEND_MS = 8000;

function whyNoShim(): Missing {
  return process.platform === 'linux' ? whyNoPosixCompiler() : 'needs LD_PRELOAD and CLOCK_BOOTTIME of Linux';
}

describe.each(ENGINES)('a suspended holder on $kind', ({ kind, missing, start }) => {
  let servers: RunningEngine;
  beforeAll(async () => {
    if (missing === null) servers = await start();
  });
  afterAll(() => servers?.stop());

  /**
   * Suspends a holder until another client holds the lock. Returns the reads of `held` as true
   * after the resume.
   */
  async function heldAfterSuspend(fault: Fault | null, name: string) {
    const directory = freshDirectory();
    const [shim, offset] = ['shim.so', 'offset'].map((file) => join(directory, file));
    const source = join(ROOT, 'test/fixtures/cluster/frozen-clock.c');
    const compiled = spawnSync('cc', ['-shared', '-fPIC', '-o', shim!, source, '-ldl'], { encoding: 'utf8' });
    expect(compiled.stderr).toBe('');
    writeFileSync(offset!, Buffer.alloc(8));
    // Also cuts the network, which stays cut after the process continues.
    const proxies = await Promise.all(servers.ports.map((port) => DroppingProxy.to(port)));
    onTestFinished(() => {
      for (const proxy of proxies) proxy.close();
    });
    const holder = await Holder.start({
      module: await buildWith(fault),
      kind,
      url: servers.urlAt(proxies.map(({ port }) => port)),
      name,
      ttlMs: TTL_MS,
      env: { LD_PRELOAD: shim, FROZEN_CLOCK: offset },
    });
    await until(() => holder.reads.length > 0, 'the holder reads the lock');
    for (const proxy of proxies) proxy.drop();
    holder.child.kill('SIGSTOP');
    await sleep(SUSPEND_MS);
    const lock = await acquireClusterLock(name, { engine: servers.engine(), ttlMs: TTL_MS, timeoutMs: 60_000 });
    const before = holder.reads.length;
    const frozen = Buffer.alloc(8);
    frozen.writeBigInt64LE(BigInt(SUSPEND_MS) * 1_000_000n);
    writeFileSync(offset!, frozen, { flag: 'r+' });
    holder.child.kill('SIGCONT');
    await until(() => holder.lost !== null, 'the holder has detected the loss', 30_000);
    expect(lock.held).toBe(true);
    await lock.release();
    const after = holder.reads.slice(before);
    // Proves that the preloaded library works: on the clock that stops, no step was as long as the
    // suspend.
    const steps = after.slice(1).map((read, index) => read.monotonicMs - after[index]!.monotonicMs);
    expect(Math.max(...steps)).toBeLessThan(SUSPEND_MS);
    return after.filter(({ held }) => held);
  }

  test('never reads held as true after a suspend beyond its time to live', async (ctx) => {
    need(ctx, missing ?? whyNoShim());
    expect(await heldAfterSuspend(null, 'suspended')).toEqual([]);
  });

  test('control: reads held as true after a suspend if its clock stops in suspend', async (ctx) => {
    need(ctx, missing ?? whyNoShim());
    expect((await heldAfterSuspend('the clock stops in suspend', 'control')).length).toBeGreaterThan(0);
  });
});
