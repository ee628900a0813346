// acquireGatewayLock({ cluster }) allows one gateway for several hosts. In these tests, each host
// is simulated by a separate state directory and port.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { clusterEngine, probeClusterLock } from '../../src/cluster/index.js';
import { acquireGatewayLock, type GatewayLockOptions, probeLock } from '../../src/index.js';
import { need } from '../support/capabilities.js';
import { ENGINES, type RunningEngine } from '../support/cluster/engines.js';
import { ROOT } from '../support/cluster/planted-faults.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/until.js';

const TTL_MS = 5000;
/**
 * A time to live that is longer than any test. If a test acquires the lock of an earlier holder,
 * the lock was therefore not freed because its time to live had ended.
 */
const LONG_TTL_MS = 600_000;

describe.each(ENGINES)('a gateway with a cluster lock on $kind', ({ kind, missing, start }) => {
  let servers: RunningEngine;
  let names = 0;
  beforeAll(async () => {
    if (missing === null) servers = await start();
  });
  afterAll(() => servers?.stop());

  const freshName = () => `gateway-${++names}`;
  const url = () => `${kind}://${servers.urlAt(servers.ports)}`;
  const host = async () => ({ stateDir: freshDirectory(), port: await freePort() });
  const acquire = async (name: string, options: GatewayLockOptions, cluster = {}) => {
    const engine = clusterEngine(url(), {});
    const gateway = await acquireGatewayLock({ ...options, cluster: { engine, name, ttlMs: TTL_MS, ...cluster } });
    onTestFinished(() => gateway.close());
    return gateway;
  };
  const startProcess = async (name: string, options: object) => {
    const env = { ...process.env, GATEWAY: JSON.stringify({ url: url(), name, ttlMs: LONG_TTL_MS, ...options }) };
    const child = fork(join(ROOT, 'test/fixtures/cluster/gateway.mjs'), { env });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [{ token }] = await once(child, 'message');
    return { token: BigInt(token), kill: async () => child.kill('SIGKILL') && (await once(child, 'exit')) };
  };

  test('a gateway with a cluster lock waits on a second host as a standby that holds the locks of its host, and takes over with a larger token', async (ctx) => {
    need(ctx, missing);
    const name = freshName();
    const [one, other] = [await host(), await host()];
    const active = await acquire(name, one);
    expect(active.token).toBeGreaterThan(0n);
    await expect(acquire(name, other, { timeoutMs: 0 })).rejects.toMatchObject({ code: 'ERR_LOCK_TIMEOUT' });

    const standby = acquire(name, other, { timeoutMs: 60_000 });
    const stateLock = () =>
      join(other.stateDir, 'tmp', readdirSync(join(other.stateDir, 'tmp'))[0]!, 'gateway.state.lock');
    await until(() => probeLock(stateLock()).owner?.['cluster'] !== undefined, 'the standby is in the queue');
    await expect(acquireGatewayLock({ ...other, timeoutMs: 0 })).rejects.toMatchObject({ code: 'ERR_GATEWAY_LOCKED' });
    const server = createServer((socket) => socket.end());
    await active.listen(server);
    await active.close();
    expect((await standby).token).toBeGreaterThan(active.token!);
    expect((await standby).verify()).toBe(true);
  });

  test('a gateway with a cluster lock revokes the claim of a killed predecessor on the same host, while another host waits', async (ctx) => {
    need(ctx, missing);
    const name = freshName();
    const [one, other] = [await host(), await host()];
    const killed = await startProcess(name, one);
    if (kind === 'etcd') {
      await killed.kill();
      await expect(acquire(name, other, { timeoutMs: 500 })).rejects.toMatchObject({ code: 'ERR_LOCK_TIMEOUT' });
    }
    await killed.kill().catch(() => {});
    const successor = await acquire(name, one, { timeoutMs: 60_000 });
    expect(successor.reclaimed).toBe('owner-gone');
    expect(successor.token).toBeGreaterThan(killed.token);
  });

  test('a gateway with a cluster lock does not revoke the claim in a record that was written before the last boot', async (ctx) => {
    need(ctx, missing ?? (kind === 'etcd' ? null : 'PostgreSQL itself releases the lock of a dead process'));
    const name = freshName();
    const one = await host();
    const killed = await startProcess(name, one);
    await killed.kill();
    const directory = join(one.stateDir, 'tmp', readdirSync(join(one.stateDir, 'tmp'))[0]!);
    for (const file of readdirSync(directory)) {
      const record = readFileSync(join(directory, file), 'utf8');
      writeFileSync(join(directory, file), record.replace(/"bootId":"[^"]+"/, '"bootId":"another"'));
    }
    await expect(acquire(name, one, { timeoutMs: 500 })).rejects.toMatchObject({ code: 'ERR_LOCK_TIMEOUT' });
    const probe = await probeClusterLock(name, { engine: clusterEngine(url(), {}) });
    expect(probe).toMatchObject({ state: 'held', token: killed.token });
  });

  test('a gateway with a cluster lock stops accepting connections when the cluster lock is lost, and onLost() receives the reason', async (ctx) => {
    need(ctx, missing);
    const name = freshName();
    const gateway = await acquire(name, await host());
    await gateway.listen(createServer());
    const lost = new Promise((resolve) => gateway.onLost(resolve));
    await servers.evict(name);
    expect(await lost).toMatchObject({ code: 'ERR_LOCK_REVOKED' });
    expect(gateway.verify()).toBe(false);
    const refused = connect(gateway.port, '127.0.0.1');
    const [error] = await once(refused, 'error');
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    await gateway.close();
  });

  test('a gateway with a cluster lock fails before it joins the cluster if the port is in use', async (ctx) => {
    need(ctx, missing);
    const name = freshName();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const refused = acquire(name, { stateDir: freshDirectory(), port });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_GATEWAY_PORT_IN_USE' });
    expect(await probeClusterLock(name, { engine: clusterEngine(url(), {}) })).toEqual({ state: 'free' });
  });

  test('a gateway with a cluster lock cannot be handed over to a child process', async (ctx) => {
    need(ctx, missing);
    const gateway = await acquire(freshName(), await host());
    const invalid = expect.objectContaining({ code: 'ERR_INVALID_STATE' });
    expect(() => gateway.inheritance).toThrow(invalid);
    await expect(gateway.handOverTo(process.pid)).rejects.toThrow(invalid);
    expect(() => gateway.exec({ path: '/bin/true', args: ['true'] })).toThrow(invalid);
  });
});

test('acquireGatewayLock() refuses a cluster without an engine, and the error names the option', async () => {
  const cluster = { name: 'a' } as never;
  await expect(acquireGatewayLock({ cluster })).rejects.toThrow(
    /^cluster.engine must be an engine of gateway-lock\/cluster/,
  );
});
