// Controls: each scenario runs once as usual and once with a planted fault. The run with the fault
// must fail, which shows that the scenario can detect the fault.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { need } from '../support/capabilities.js';
import { DroppingProxy } from '../support/cluster/dropping-proxy.js';
import { ENGINES, type RunningEngine, whyNoEtcd } from '../support/cluster/engines.js';
import { EtcdServers, etcdctl } from '../support/cluster/etcd-servers.js';
import { judge } from '../support/cluster/history/oracle.js';
import { type Fault, importWith } from '../support/cluster/planted-faults.js';

/**
 * The time to live. With 10 s, a renewal may take 2 s, which is enough for two delayed round trips
 * to etcd.
 */
const TTL_MS = 10_000;
const DELAY_MS = 800;

describe.each(ENGINES)('a holder on $kind with late responses and then a partition', ({ missing, start }) => {
  let servers: RunningEngine;
  beforeAll(async () => {
    if (missing === null) servers = await start();
  });
  afterAll(() => servers?.stop());

  /**
   * Returns the milliseconds from the acquisition by the next holder to the last read of `held` as
   * true by the first holder. The result is negative if the first holder gave up earlier.
   */
  async function overlapMs(fault: Fault | null, name: string): Promise<number> {
    const module = await importWith(fault);
    const proxies = await Promise.all(servers.ports.map((port) => DroppingProxy.to(port)));
    onTestFinished(() => {
      for (const proxy of proxies) proxy.close();
    });
    const engine = servers.engineOf(
      module,
      proxies.map(({ port }) => port),
    );
    const lock = await module.acquireClusterLock(name, { engine, ttlMs: TTL_MS });
    for (const proxy of proxies) proxy.delayAnswers(DELAY_MS);
    await lock.verify();
    for (const proxy of proxies) proxy.drop();
    let lastHeldMs = 0;
    const reading = setInterval(() => {
      const nowMs = performance.now();
      if (lock.held) lastHeldMs = nowMs;
    }, 1);
    onTestFinished(() => clearInterval(reading));
    const next = await servers.engine().acquire(name, { ttlMs: TTL_MS, timeoutMs: 60_000 });
    const nextMs = performance.now();
    while (lock.held) await sleep(5);
    await next.release();
    return lastHeldMs - nextMs;
  }

  test('a holder behind a partition gives up the lock before the next client acquires it', async (ctx) => {
    need(ctx, missing);
    expect(await overlapMs(null, 'late')).toBeLessThan(0);
  });

  test('control: two clients hold the lock if a lease has no margin and its deadline counts from the response', async (ctx) => {
    need(ctx, missing);
    const overlap = await overlapMs('no margin, and the deadline counts from the response', 'late-control');
    console.log({ overlapMs: overlap });
    expect(overlap).toBeGreaterThan(0);
  });
});

describe('an etcd waiter whose own key is deleted before the end of its wait', () => {
  let servers: EtcdServers;
  beforeAll(async () => {
    if (whyNoEtcd === null) servers = await EtcdServers.start();
  });
  afterAll(() => servers?.stop());

  /**
   * Returns the number of claims that the waiter makes until it believes that it holds the lock.
   */
  async function claimsUntilHeld(fault: Fault | null, name: string): Promise<number> {
    const { acquireClusterLock, etcdEngine } = await importWith(fault);
    const engine = etcdEngine({ endpoints: servers.endpoints });
    const first = await acquireClusterLock(name, { engine, ttlMs: TTL_MS });
    const claims: string[] = [];
    const lock = await acquireClusterLock(name, {
      engine,
      ttlMs: TTL_MS,
      onClaim: (claimId) => claims.push(claimId),
      onWait: () => {
        etcdctl(servers.endpoints, ['del', `gateway-lock/${name}/${claims[0]}`]);
        void first.release();
      },
    });
    await lock.release();
    return claims.length;
  }

  test('the waiter makes a new claim after its key was deleted', async (ctx) => {
    need(ctx, whyNoEtcd);
    expect(await claimsUntilHeld(null, 'checked')).toBe(2);
  });

  test('control: the waiter wrongly trusts its first claim if it does not check its key', async (ctx) => {
    need(ctx, whyNoEtcd);
    expect(await claimsUntilHeld('the claim does not check its own key after the wait', 'unchecked')).toBe(1);
  });
});

test('the oracle of the histories detects two holders at once and a token that does not increase', () => {
  const read = (lock: string, token: number, atMs: number) => ({ lock, token: BigInt(token), atMs });
  const clean = [read('a', 1, 0), read('a', 1, 10), read('a', 2, 20), read('b', 1, 5), read('b', 3, 25)];
  expect(judge(clean)).toEqual({ holds: 4, doubles: [], tokensThatWentBack: 0 });
  const [older, newer] = [1n, 2n];
  expect(judge([...clean, read('a', 1, 21.5)]).doubles).toEqual([{ lock: 'a', older, newer, overlapMs: 1.5 }]);
  expect(judge([...clean, read('a', 2, 19), read('a', 1, 30)]).doubles).toHaveLength(1);
  expect(judge([read('a', 2, 0), read('a', 1, 10)]).tokensThatWentBack).toBe(1);
});
