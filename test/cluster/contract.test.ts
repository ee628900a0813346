// Tests the contract of each engine on real servers.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  acquireClusterLock,
  type ClusterLock,
  LockError,
  probeClusterLock,
  tryAcquireClusterLock,
} from '../../src/cluster/index.js';
import { need } from '../support/capabilities.js';
import { DroppingProxy } from '../support/cluster/dropping-proxy.js';
import { ENGINES, type RunningEngine } from '../support/cluster/engines.js';

const TTL_MS = 5000;

describe.each(ENGINES)('a cluster lock on $kind', ({ kind, missing, start }) => {
  let servers: RunningEngine;
  let locks = 0;
  beforeAll(async () => {
    if (missing === null) servers = await start();
  });
  afterAll(() => servers?.stop());

  const freshName = () => `contract-${++locks}`;
  const acquire = async (name: string, options = {}): Promise<ClusterLock> => {
    const lock = await acquireClusterLock(name, { engine: servers.engine(), ttlMs: TTL_MS, ...options });
    onTestFinished(() => lock.release());
    return lock;
  };

  test('a cluster lock can be acquired at once if it is free, and a probe then reports the holder', async (ctx) => {
    need(ctx, missing);
    const name = freshName();
    const engine = servers.engine();
    expect(await probeClusterLock(name, { engine })).toEqual({ state: 'free' });
    const lock = await acquire(name, { owner: { role: 'primary' } });
    expect(lock).toMatchObject({ name, held: true, ttlMs: TTL_MS, owner: { pid: process.pid, role: 'primary' } });
    expect(lock.remainingMs).toBeGreaterThan(0);
    expect(lock.remainingMs).toBeLessThanOrEqual(TTL_MS - 500);
    expect(await probeClusterLock(name, { engine })).toMatchObject({
      state: 'held',
      token: lock.token,
      owner: { pid: process.pid, role: 'primary' },
    });
  });

  test('a cluster lock excludes every other client while it is held, even a client of the same process', async (ctx) => {
    need(ctx, missing);
    const name = freshName();
    const lock = await acquire(name);
    const engine = servers.engine();
    expect(await tryAcquireClusterLock(name, { engine, ttlMs: TTL_MS })).toBeNull();
    const refused = acquireClusterLock(name, { engine, ttlMs: TTL_MS, timeoutMs: 300 });
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_LOCK_TIMEOUT',
      lockName: name,
      holder: { token: lock.token, owner: { pid: process.pid } },
      message: expect.stringMatching(/is held by pid \d+ on host .*; gave up after 300 ms$/),
    });
    await expect(refused).rejects.toBeInstanceOf(LockError);
    expect(await lock.verify()).toBe(true);
  });

  test('a cluster lock passes from waiter to waiter on release, with a new token each time', async (ctx) => {
    need(ctx, missing);
    const name = freshName();
    const first = await acquire(name);
    const order: string[] = [];
    const wait = async (waiter: string) => {
      const lock = await acquireClusterLock(name, {
        engine: servers.engine(),
        ttlMs: TTL_MS,
        onWait: () => order.push(`${waiter} waits`),
      });
      order.push(waiter);
      await lock.release();
      return lock.token;
    };
    const second = wait('second');
    await expect.poll(() => order).toContain('second waits');
    const third = wait('third');
    await expect.poll(() => order).toContain('third waits');
    await first.release();
    const tokens = [first.token, await second, await third];
    // On PostgreSQL, a waiter moves to the end of the queue each time it proves that it is alive.
    if (kind === 'etcd') expect(order.filter((entry) => !entry.endsWith('waits'))).toEqual(['second', 'third']);
    expect(tokens[0]).toBeLessThan([...tokens].sort((a, b) => Number(a - b))[1]!);
    expect(new Set(tokens).size).toBe(3);
  });

  test('a cluster lock counts as not held as soon as release() is called, and is free when release() has resolved', async (ctx) => {
    need(ctx, missing);
    const name = freshName();
    const lock = await acquire(name);
    const released = lock.release();
    expect(lock).toMatchObject({ held: false, remainingMs: 0 });
    expect(lock.signal.aborted).toBe(false);
    await released;
    await lock.release();
    expect(await lock.verify()).toBe(false);
    expect(await probeClusterLock(name, { engine: servers.engine() })).toEqual({ state: 'free' });
  });

  test('a cluster lock is released by Symbol.asyncDispose', async (ctx) => {
    need(ctx, missing);
    const name = freshName();
    const lock = await acquire(name);
    await lock[Symbol.asyncDispose]();
    expect(await probeClusterLock(name, { engine: servers.engine() })).toEqual({ state: 'free' });
  });

  test('a cluster lock stays held for longer than its time to live, because it is renewed', async (ctx) => {
    need(ctx, missing);
    const lock = await acquire(freshName());
    await new Promise((resolve) => setTimeout(resolve, 2 * TTL_MS));
    expect(lock.held).toBe(true);
    expect(await lock.verify()).toBe(true);
  });

  test('a cluster lock is lost at once if an administrator ends the claim of the holder', async (ctx) => {
    need(ctx, missing);
    const name = freshName();
    const lock = await acquire(name);
    const lost = new Promise<LockError>((resolve) => lock.onLost(resolve));
    await servers.evict(name);
    const error = await lost;
    expect(error).toMatchObject({ code: 'ERR_LOCK_REVOKED', lockName: name, cause: expect.any(Error) });
    expect(lock).toMatchObject({ held: false, remainingMs: 0 });
    expect(lock.signal.reason).toBe(error);
    expect(await lock.verify()).toBe(false);
    const late = await new Promise((resolve) => lock.onLost(resolve));
    expect(late).toBe(error);
  });

  test('a cluster lock can be revoked by the id of its claim, which onClaim receives before the first request', async (ctx) => {
    need(ctx, missing);
    const name = freshName();
    const claims: string[] = [];
    const lock = await acquire(name, { onClaim: (claimId: string) => claims.push(claimId) });
    const lost = new Promise<LockError>((resolve) => lock.onLost(resolve));
    expect(await probeClusterLock(name, { engine: servers.engine() })).toMatchObject({ claimId: claims[0] });
    await servers.engine().revoke(name, claims[0]!);
    expect(await lost).toMatchObject({ code: 'ERR_LOCK_REVOKED' });
    await servers.engine().revoke(name, claims[0]!);
  });

  test('a cluster lock rejects a waiter with signal.reason when its signal aborts, and removes it from the queue', async (ctx) => {
    need(ctx, missing);
    const name = freshName();
    const first = await acquire(name);
    const control = new AbortController();
    const reason = new Error('not needed any more');
    const waiting = acquireClusterLock(name, {
      engine: servers.engine(),
      ttlMs: TTL_MS,
      signal: control.signal,
      onWait: () => control.abort(reason),
    });
    await expect(waiting).rejects.toBe(reason);
    const next = acquire(name);
    await first.release();
    expect((await next).held).toBe(true);
  });

  test('a cluster lock is lost by a holder behind a partition before the next client acquires it, and stays lost after the partition heals', async (ctx) => {
    need(ctx, missing);
    const name = freshName();
    const proxies = await Promise.all(servers.ports.map((port) => DroppingProxy.to(port)));
    onTestFinished(() => {
      for (const proxy of proxies) proxy.close();
    });
    const lock = await acquireClusterLock(name, {
      engine: servers.engine(proxies.map(({ port }) => port)),
      ttlMs: TTL_MS,
    });
    const ended: number[] = [];
    lock.onLost(() => ended.push(performance.now()));
    const next = acquire(name, { timeoutMs: 4 * TTL_MS });
    for (const proxy of proxies) proxy.drop();
    const { held } = await next.then((acquired) => ({ acquired, held: lock.held }));
    expect(held).toBe(false);
    expect(ended).toHaveLength(1);
    expect(lock.signal.reason).toMatchObject({ code: 'ERR_LOCK_EXPIRED' });
    expect((await next).token).toBeGreaterThan(lock.token);
    for (const proxy of proxies) proxy.heal();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(lock.held).toBe(false);
    expect((await next).held).toBe(true);
  });

  test('a cluster lock is reported as neither free nor held if the cluster is unreachable', async (ctx) => {
    need(ctx, missing);
    const name = freshName();
    const proxies = await Promise.all(servers.ports.map((port) => DroppingProxy.to(port)));
    onTestFinished(() => {
      for (const proxy of proxies) proxy.close();
    });
    for (const proxy of proxies) proxy.drop();
    const engine = servers.engine(proxies.map(({ port }) => port));
    const unavailable = { code: 'ERR_CLUSTER_UNAVAILABLE', cause: expect.any(Error) };
    const [acquired, tried, probed] = await Promise.allSettled([
      acquireClusterLock(name, { engine, ttlMs: TTL_MS, timeoutMs: 1000 }),
      tryAcquireClusterLock(name, { engine, ttlMs: TTL_MS }),
      probeClusterLock(name, { engine }),
    ]);
    expect(acquired).toMatchObject({ status: 'rejected', reason: unavailable });
    expect(tried).toMatchObject({ status: 'rejected', reason: unavailable });
    expect(probed).toMatchObject({ status: 'fulfilled', value: { state: 'unreachable', error: unavailable } });
  });

  test('a cluster lock is not confirmed by verify() while the holder is behind a partition', async (ctx) => {
    need(ctx, missing);
    const proxies = await Promise.all(servers.ports.map((port) => DroppingProxy.to(port)));
    onTestFinished(() => {
      for (const proxy of proxies) proxy.close();
    });
    const engine = servers.engine(proxies.map(({ port }) => port));
    const lock = await acquireClusterLock(freshName(), { engine, ttlMs: TTL_MS });
    for (const proxy of proxies) proxy.drop();
    await expect(lock.verify()).rejects.toMatchObject({ code: 'ERR_CLUSTER_UNAVAILABLE' });
    const released = lock.release();
    expect(lock.held).toBe(false);
    await expect(released).rejects.toMatchObject({ code: 'ERR_CLUSTER_UNAVAILABLE' });
  });

  test('a cluster lock is not acquired with an invalid argument, and the error names the argument', async (ctx) => {
    need(ctx, missing);
    const engine = servers.engine();
    await expect(acquireClusterLock('a/b', { engine })).rejects.toThrow(/^name must be/);
    await expect(acquireClusterLock('a', { engine, ttlMs: 4999 })).rejects.toThrow(/^ttlMs must be from 5000/);
    await expect(acquireClusterLock('a', { engine, timeoutMs: -1 })).rejects.toThrow(/^timeoutMs must be/);
    await expect(acquireClusterLock('a', { engine, owner: { text: 'x'.repeat(5000) } })).rejects.toThrow(
      /^owner must be/,
    );
  });

  test('a cluster lock has no problem that inspect() finds', async (ctx) => {
    need(ctx, missing);
    const findings = await servers.engine().inspect(freshName());
    expect(findings.filter(({ level }) => level === 'problem')).toEqual([]);
    expect(findings.map(({ subject }) => subject)).toEqual(expect.arrayContaining(['rights', 'round trip']));
  });
});
