// Tests specific to the etcd engine: locks of other programs, users and roles, failing members.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  acquireClusterLock,
  clusterEngine,
  etcdEngine,
  type LockError,
  probeClusterLock,
  tryAcquireClusterLock,
} from '../../src/cluster/index.js';
import { type Missing, need } from '../support/capabilities.js';
import { CertificateAuthority } from '../support/cluster/certificates.js';
import { DroppingProxy } from '../support/cluster/dropping-proxy.js';
import { whyNoEtcd } from '../support/cluster/engines.js';
import { clientTls, EtcdServers, etcdctl } from '../support/cluster/etcd-servers.js';
import { eventually, freePorts, ServerProcess } from '../support/cluster/server-process.js';
import { freshDirectory } from '../support/directories.js';
import { until } from '../support/until.js';

const TTL_MS = 5000;
const whyNoOpenssl: Missing = spawnSync('openssl', ['version']).error ? 'needs openssl' : whyNoEtcd;

let servers: EtcdServers;
beforeAll(async () => {
  if (whyNoEtcd === null) servers = await EtcdServers.start();
});
afterAll(() => servers?.stop());

const engine = () => etcdEngine({ endpoints: servers.endpoints });

describe('etcdctl lock and this package', () => {
  const etcdctlLock = (name: string): ServerProcess => {
    const args = ['--endpoints', servers.endpoints.join(','), 'lock', '--ttl', '5', `gateway-lock/${name}`];
    const locker = new ServerProcess(['etcdctl', ...args], { env: { ETCDCTL_API: '3' } });
    onTestFinished(() => locker.stop());
    return locker;
  };

  test('etcdctl lock excludes this package, which reports another program as the holder and waits', async (ctx) => {
    need(ctx, whyNoEtcd);
    const locker = etcdctlLock('theirs');
    await until(() => locker.output.includes('gateway-lock/theirs/'), 'etcdctl holds the lock');
    expect(await tryAcquireClusterLock('theirs', { engine: engine(), ttlMs: TTL_MS })).toBeNull();
    const probe = await probeClusterLock('theirs', { engine: engine() });
    expect(probe).toMatchObject({ state: 'held', owner: null, token: expect.any(BigInt) });
    expect(locker.output).toContain((probe as { claimId: string }).claimId);
    const refused = acquireClusterLock('theirs', { engine: engine(), ttlMs: TTL_MS, timeoutMs: 100 });
    await expect(refused).rejects.toThrow(/is held by another program \(claim [0-9a-f]+\)/);
    const lock = acquireClusterLock('theirs', {
      engine: engine(),
      ttlMs: TTL_MS,
      onWait: () => locker.signal('SIGINT'),
    });
    expect((await lock).token).toBeGreaterThan((probe as { token: bigint }).token);
    await (await lock).release();
  });

  test('etcdctl lock waits for a lock that this package holds', async (ctx) => {
    need(ctx, whyNoEtcd);
    const lock = await acquireClusterLock('ours', { engine: engine(), ttlMs: TTL_MS });
    const locker = etcdctlLock('ours');
    const queued = () => etcdctl(servers.endpoints, ['get', '--prefix', '--keys-only', 'gateway-lock/ours/']).stdout;
    await until(() => queued().trim().split(/\s+/).length === 2, 'etcdctl is in the queue');
    expect(locker.output).toBe('');
    expect(await lock.verify()).toBe(true);
    await lock.release();
    await until(() => locker.output.includes('gateway-lock/ours/'), 'etcdctl holds the lock');
    expect(await tryAcquireClusterLock('ours', { engine: engine(), ttlMs: TTL_MS })).toBeNull();
  });
});

test('inspect() reports a silent etcd member as a warning and still makes the other checks', async (ctx) => {
  need(ctx, whyNoEtcd);
  const proxy = await DroppingProxy.to(servers.ports[0]!);
  onTestFinished(() => proxy.close());
  proxy.drop();
  const silent = `http://127.0.0.1:${proxy.port}`;
  const findings = await etcdEngine({ endpoints: [silent, ...servers.endpoints.slice(1)] }).inspect('inspected');
  expect(findings).toContainEqual({
    level: 'warning',
    subject: silent,
    message: 'did not respond: no response within 1000 ms',
  });
  const levels = Object.fromEntries(findings.map(({ subject, level }) => [subject, level]));
  expect(levels).toMatchObject({ quorum: 'ok', rights: 'ok' });
});

test('an acquire of a free etcd lock sends exactly the requests that etcdctl lock sends', async (ctx) => {
  need(ctx, whyNoEtcd);
  const own = await EtcdServers.start(1);
  onTestFinished(() => own.stop());
  const before = await startedRequests(own);
  const lock = await acquireClusterLock('cost', { engine: etcdEngine({ endpoints: own.endpoints }), ttlMs: TTL_MS });
  const ours = await startedRequests(own, before);
  await lock.release();
  expect(ours).toEqual({ LeaseGrant: 1, Txn: 1 });
  const between = await startedRequests(own);
  expect(etcdctl(own.endpoints, ['lock', 'gateway-lock/cost', 'true']).status).toBe(0);
  expect(await startedRequests(own, between)).toMatchObject(ours);
});

/**
 * Returns the number of requests by method, as counted by etcd. Excludes streams, which need no
 * separate round trip.
 */
async function startedRequests(own: EtcdServers, before: Readonly<Record<string, number>> = {}) {
  const metrics = await (await fetch(`${own.endpoints[0]}/metrics`)).text();
  const pattern = /^grpc_server_started_total\{grpc_method="(\w+)",.*grpc_type="unary"\} (\d+)$/gm;
  const counts = [...metrics.matchAll(pattern)].map(
    ([, method, count]) => [method!, Number(count) - (before[method!] ?? 0)] as const,
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

test('an etcd waiter whose key was deleted joins the queue again at its end (etcd issue 11456)', async (ctx) => {
  need(ctx, whyNoEtcd);
  const acquire = (client: string, order: string[], claims: string[] = []) =>
    acquireClusterLock('requeue', {
      engine: engine(),
      ttlMs: TTL_MS,
      timeoutMs: 60_000,
      onClaim: (claimId) => claims.push(claimId),
      onWait: () => order.push(`${client} waits`),
    });
  const order: string[] = [];
  const claims: string[] = [];
  const first = await acquire('first', order);
  const second = acquire('second', order, claims);
  await until(() => order.includes('second waits'), 'the second client waits');
  const third = acquire('third', order);
  await until(() => order.includes('third waits'), 'the third client waits');
  etcdctl(servers.endpoints, ['lease', 'revoke', claims[0]!]);
  await until(() => claims.length === 2, 'the second client has made a new claim');
  await first.release();
  const holder = await third;
  expect(holder.held).toBe(true);
  expect(await tryAcquireClusterLock('requeue', { engine: engine(), ttlMs: TTL_MS })).toBeNull();
  await holder.release();
  expect((await second).token).toBeGreaterThan(holder.token);
  await (await second).release();
});

test('an etcd waiter whose key was deleted does not believe that it is first in the queue', async (ctx) => {
  need(ctx, whyNoEtcd);
  const claims: string[] = [];
  const first = await acquireClusterLock('gone', { engine: engine(), ttlMs: TTL_MS });
  const second = acquireClusterLock('gone', {
    engine: engine(),
    ttlMs: TTL_MS,
    onClaim: (claimId) => claims.push(claimId),
    onWait: () => {
      // Deletes both keys at once. When the waiter checks, there is no older key, and the waiter's
      // key does not exist either.
      const ownKey = `gateway-lock/gone/${claims[0]}`;
      etcdctl(servers.endpoints, ['del', ownKey]);
      void first.release();
    },
  });
  const lock = await second;
  expect(claims).toHaveLength(2);
  expect(await lock.verify()).toBe(true);
  await lock.release();
});

describe('a client of an etcd cluster with failing members', () => {
  test('a client skips an endpoint that does not listen, even in a single attempt', async (ctx) => {
    need(ctx, whyNoEtcd);
    const [closed] = await freePorts(1);
    const endpoints = [`http://127.0.0.1:${closed}`, ...servers.endpoints];
    const lock = await tryAcquireClusterLock('passed', { engine: etcdEngine({ endpoints }), ttlMs: TTL_MS });
    expect(lock?.held).toBe(true);
    await lock?.release();
  });

  test('a client of an etcd cluster with failing members keeps its lock when the member that it uses is killed, and then the leader', async (ctx) => {
    need(ctx, whyNoEtcd);
    const lock = await acquireClusterLock('kept', { engine: engine(), ttlMs: TTL_MS });
    for (const index of [0, servers.leader()]) {
      await servers.kill(index);
      await new Promise((resolve) => setTimeout(resolve, 1.5 * TTL_MS));
      expect(lock.held).toBe(true);
      expect(await eventually(() => lock.verify())).toBe(true);
      servers.restart(index);
      await eventually(() => expect(etcdctl(servers.endpoints, ['endpoint', 'health']).status).toBe(0));
    }
    await lock.release();
  });

  test('a client of an etcd cluster with failing members loses its lock in time if the cluster has no quorum, and no other client acquires the lock', async (ctx) => {
    need(ctx, whyNoEtcd);
    const lock = await acquireClusterLock('minority', { engine: engine(), ttlMs: TTL_MS });
    const lost = new Promise<LockError>((resolve) => lock.onLost(resolve));
    await Promise.all([servers.kill(0), servers.kill(1)]);
    const refused = tryAcquireClusterLock('minority', { engine: engine(), ttlMs: TTL_MS });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_CLUSTER_UNAVAILABLE' });
    expect(await lost).toMatchObject({ code: 'ERR_LOCK_EXPIRED', cause: expect.any(Error) });
    expect((await engine().inspect('minority')).filter(({ level }) => level === 'problem')).not.toEqual([]);
    servers.restart(0);
    servers.restart(1);
    const next = await acquireClusterLock('minority', { engine: engine(), ttlMs: TTL_MS, timeoutMs: 60_000 });
    expect(next.token).toBeGreaterThan(lock.token);
    await next.release();
  });
});

describe('a client of an etcd cluster with users and roles', () => {
  test('a client acts as the user in the common name of its certificate, with a role on one prefix', async (ctx) => {
    need(ctx, whyNoOpenssl);
    const authority = new CertificateAuthority(freshDirectory());
    const [server, root, gateway] = ['server', 'root', 'gateway'].map((name) =>
      // Issues a server certificate without clientAuth, with which etcd's JSON gateway fails and
      // gRPC works.
      authority.issue(name, name === 'server' ? 'serverAuth' : 'clientAuth'),
    );
    const secured = await EtcdServers.start(1, { server: server!, client: root! });
    onTestFinished(() => secured.stop());
    const administer = (...args: string[]) => {
      const { status, stderr } = etcdctl(secured.endpoints, [...clientTls(root), ...args]);
      expect({ status, args, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, args, stderr: '' });
    };
    administer('user', 'add', 'root:secret');
    administer('user', 'grant-role', 'root', 'root');
    administer('user', 'add', 'gateway', '--no-password');
    administer('role', 'add', 'gateway');
    administer('role', 'grant-permission', 'gateway', 'readwrite', '--prefix=true', 'gateway-lock/');
    administer('user', 'grant-role', 'gateway', 'gateway');
    administer('auth', 'enable');

    const tls = { ca: readFileSync(gateway!.ca), cert: readFileSync(gateway!.cert), key: readFileSync(gateway!.key) };
    const lock = await acquireClusterLock('secured', {
      engine: etcdEngine({ endpoints: secured.endpoints, tls }),
      ttlMs: TTL_MS,
    });
    expect(await lock.verify()).toBe(true);
    await lock.release();

    const elsewhere = etcdEngine({ endpoints: secured.endpoints, tls, prefix: 'other/' });
    await expect(acquireClusterLock('secured', { engine: elsewhere, ttlMs: TTL_MS })).rejects.toMatchObject({
      code: 'ERR_CLUSTER_UNSUITABLE',
      message: expect.stringMatching(/permission denied.*etcdctl role grant-permission/),
    });

    const environment = { ETCDCTL_CACERT: gateway!.ca, ETCDCTL_CERT: gateway!.cert, ETCDCTL_KEY: gateway!.key };
    const fromUrl = clusterEngine(`etcd://127.0.0.1:${secured.ports[0]}`, environment);
    await (await acquireClusterLock('secured', { engine: fromUrl, ttlMs: TTL_MS })).release();

    const anonymous = etcdEngine({ endpoints: secured.endpoints, tls: { ca: tls.ca } });
    const refused = acquireClusterLock('secured', { engine: anonymous, ttlMs: TTL_MS, timeoutMs: 0 });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_CLUSTER_UNAVAILABLE' });
  });

  test('a client exchanges a user and password for a token, and requests a new token after the token has expired', async (ctx) => {
    need(ctx, whyNoEtcd);
    const secured = await EtcdServers.start(1, undefined, ['--auth-token-ttl', '1']);
    onTestFinished(() => secured.stop());
    for (const args of [
      ['user', 'add', 'root:secret'],
      ['user', 'grant-role', 'root', 'root'],
      ['auth', 'enable'],
    ])
      expect(etcdctl(secured.endpoints, args).status).toBe(0);

    const { endpoints } = secured;
    const wrong = etcdEngine({ endpoints, auth: { user: 'root', password: 'wrong' } });
    await expect(acquireClusterLock('user', { engine: wrong, ttlMs: TTL_MS })).rejects.toMatchObject({
      code: 'ERR_CLUSTER_UNSUITABLE',
      message: expect.stringContaining('invalid user ID or password'),
    });
    const fromUrl = clusterEngine(`etcd://127.0.0.1:${secured.ports[0]}`, { ETCDCTL_USER: 'root:secret' });
    const lock = await acquireClusterLock('user', { engine: fromUrl, ttlMs: TTL_MS });
    await new Promise((resolve) => setTimeout(resolve, 2 * TTL_MS));
    expect(await lock.verify()).toBe(true);
    await lock.release();
  });
});

test('a cluster URL with credentials or an unknown scheme is refused', () => {
  expect(() => clusterEngine('etcd://root:secret@a:2379', {})).toThrow(
    /^url must be without credentials.*"root@a:2379"$/,
  );
  expect(() => etcdEngine({ endpoints: ['http://root:secret@a:2379'] })).toThrow(
    /without user and password, not "a:2379"$/,
  );
  expect(() => clusterEngine('redis://a', {})).toThrow(/^url must be 'etcd:/);
});
