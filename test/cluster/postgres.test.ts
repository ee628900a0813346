// Tests specific to the PostgreSQL engine: poolers, standbys, restarts, failovers, tables.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { tokenOf } from '../../src/cluster/engines/postgres/claim.js';
import { statements } from '../../src/cluster/engines/postgres/sql.js';
import {
  acquireClusterLock,
  type ClusterFinding,
  clusterEngine,
  type LockError,
  type PostgresClient,
  postgresEngine,
  tryAcquireClusterLock,
} from '../../src/cluster/index.js';
import { need } from '../support/capabilities.js';
import { DroppingProxy } from '../support/cluster/dropping-proxy.js';
import { pgEngine, whyNoPgbouncer, whyNoPostgres } from '../support/cluster/engines.js';
import { PostgresServer, startPgbouncer } from '../support/cluster/postgres-servers.js';
import { CLI } from '../support/cluster/run-command.js';
import { eventually, freePorts } from '../support/cluster/server-process.js';
import { freshDirectory } from '../support/directories.js';

const TTL_MS = 5000;
let server: PostgresServer;
beforeAll(async () => {
  if (whyNoPostgres === null) server = await PostgresServer.start();
});
afterAll(() => server?.remove());

const connect = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.end());
  return client;
};

test('concurrent clients create the PostgreSQL tables exactly once', async (ctx) => {
  need(ctx, whyNoPostgres);
  const names = Array.from({ length: 8 }, (_, index) => `first-${index}`);
  const locks = await Promise.all(names.map((name) => acquireClusterLock(name, { engine: pgEngine([server.url()]) })));
  expect(locks.map(({ held }) => held)).toEqual(names.map(() => true));
  await Promise.all(locks.map((lock) => lock.release()));
});

test('the error for a PostgreSQL role without the privilege to create the tables names that reason', async (ctx) => {
  need(ctx, whyNoPostgres);
  await server.query('create role guest login');
  const engine = pgEngine([server.url().replace('postgres@', 'guest@')]);
  const withTable = postgresEngine({ table: 'other_table', connect: () => connectAs(server, 'guest') });
  await expect(acquireClusterLock('guest', { engine: withTable })).rejects.toMatchObject({
    code: 'ERR_CLUSTER_UNSUITABLE',
    message: expect.stringContaining('permission denied for schema public'),
  });
  await expect(acquireClusterLock('guest', { engine })).rejects.toMatchObject({ code: 'ERR_CLUSTER_UNSUITABLE' });
  expect(await withTable.inspect('guest')).toContainEqual({
    level: 'problem',
    subject: 'rights',
    message: 'the tables do not exist, and this role may not create them',
  });
});

describe('pgbouncer in transaction mode', () => {
  test('pgbouncer in transaction mode would grant two clients the same advisory lock', async (ctx) => {
    need(ctx, whyNoPgbouncer);
    const bouncer = await startPgbouncer(server);
    onTestFinished(() => bouncer.stop());
    const tryLock = async () => {
      const client = await eventually(() => connect(bouncer.url));
      return (await client.query('select pg_try_advisory_lock(4711) as acquired')).rows[0].acquired;
    };
    expect([await tryLock(), await tryLock()]).toEqual([true, true]);
  });

  test('pgbouncer in transaction mode is detected and refused by the PostgreSQL engine', async (ctx) => {
    need(ctx, whyNoPgbouncer);
    const bouncer = await startPgbouncer(server);
    onTestFinished(() => bouncer.stop());
    await eventually(() => connect(bouncer.url));
    const engine = pgEngine([bouncer.url]);
    await expect(acquireClusterLock('pooled', { engine })).rejects.toMatchObject({
      code: 'ERR_CLUSTER_UNSUITABLE',
      message: expect.stringMatching(/goes through a pooler/),
    });
    await expect(tryAcquireClusterLock('pooled', { engine })).rejects.toMatchObject({ code: 'ERR_CLUSTER_UNSUITABLE' });
    expect(await engine.inspect('pooled')).toContainEqual({
      level: 'problem',
      subject: 'server',
      message: expect.stringContaining('pooler'),
    });
  });
});

test('the engine sets no PostgreSQL lock_timeout beyond the end of a wait, and ignores the lock_timeout of the role', async (ctx) => {
  need(ctx, whyNoPostgres);
  await server.query("create role impatient superuser login; alter role impatient set lock_timeout = '50ms'");
  const clients: PostgresClient[] = [];
  const engine = postgresEngine({
    connect: async () => {
      clients.push(await connectAs(server, 'impatient'));
      return clients.at(-1)!;
    },
  });
  const limit = async () => (await clients.at(-1)!.query('show lock_timeout')).rows[0]!['lock_timeout'];
  const first = await acquireClusterLock('limited', { engine, ttlMs: TTL_MS });
  expect(await limit()).toBe('0');
  let waits = false;
  const waiting = acquireClusterLock('limited', {
    engine,
    ttlMs: TTL_MS,
    timeoutMs: 60_000,
    onWait: () => (waits = true),
  });
  await eventually(() => expect(waits).toBe(true));
  await first.release();
  const second = await waiting;
  expect(await limit()).toBe('0');
  await second.release();
});

test('the process survives a PostgreSQL server that ends a session in the packet that opens the session', async (ctx) => {
  need(ctx, whyNoPostgres);
  const message = (type: string, body: string) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(4 + body.length);
    return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
  };
  const fatal = 'SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0';
  const answer = Buffer.concat([message('R', '\0\0\0\0'), message('Z', 'I'), message('E', fatal)]);
  const ending = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(answer));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void ending.close());
  await once(ending, 'listening');
  const url = `postgres://guest@127.0.0.1:${(ending.address() as AddressInfo).port}/postgres`;
  const args = [CLI, 'status', '--json', '--state-dir', freshDirectory(), '--cluster', url];
  const status = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  status.stdout.on('data', (chunk) => (text += chunk));
  expect(await once(status, 'close')).toEqual([0, null]);
  expect(JSON.parse(text).cluster).toMatchObject({ state: 'unreachable' });
});

test('the engine refuses PostgreSQL servers before version 14', async (ctx) => {
  need(ctx, whyNoPostgres);
  const older = postgresEngine({
    connect: async () => withFakeResults(await connect(server.url()), { version: 130_012, versionText: '13.12' }),
  });
  await expect(acquireClusterLock('old', { engine: older })).rejects.toMatchObject({
    code: 'ERR_CLUSTER_UNSUITABLE',
    message: expect.stringContaining('PostgreSQL 13.12 is older than 14'),
  });
});

describe('a restart or crash of the PostgreSQL server', () => {
  test.for(['SIGINT', 'SIGQUIT', 'SIGKILL'] as const)(
    'a restart by %s revokes the lock of the holder at once',
    async (signal, ctx) => {
      need(ctx, whyNoPostgres);
      const own = await PostgresServer.start();
      onTestFinished(() => own.remove());
      const lock = await acquireClusterLock('restarted', { engine: pgEngine([own.url()]), ttlMs: TTL_MS });
      const lost = new Promise<LockError>((resolve) => lock.onLost(resolve));
      await own.stop(signal);
      expect(await lost).toMatchObject({ code: 'ERR_LOCK_REVOKED' });
      await own.restart();
      const next = await acquireClusterLock('restarted', { engine: pgEngine([own.url()]), ttlMs: TTL_MS });
      expect(next.token).toBeGreaterThan(lock.token);
      await next.release();
    },
  );

  const crashes: readonly [string, (own: PostgresServer) => Promise<void>][] = [
    ['an immediate shutdown', (own) => own.stop('SIGQUIT')],
    ['a fast shutdown', (own) => own.stop('SIGINT')],
    ['the crash of one of its processes', (own) => own.crash()],
  ];
  test.for(crashes)(
    'after %s while the holder is behind a partition, the next client waits until the holder has lost the lock',
    async ([, crash], ctx) => {
      need(ctx, whyNoPostgres);
      const own = await PostgresServer.start();
      const proxy = await DroppingProxy.to(own.port);
      onTestFinished(async () => {
        proxy.close();
        await own.remove();
      });
      const lock = await acquireClusterLock('cut', { engine: pgEngine([own.url(proxy.port)]), ttlMs: TTL_MS });
      proxy.drop();
      await crash(own);
      if (!own.running) await own.restart();
      await eventually(() => own.query('select 1'));
      expect(lock.held).toBe(true);
      const next = await acquireClusterLock('cut', { engine: pgEngine([own.url()]), ttlMs: TTL_MS, timeoutMs: 60_000 });
      expect(lock.held).toBe(false);
      expect(next.token).toBeGreaterThan(lock.token);
      await next.release();
    },
  );
});

describe('the lock delay after the PostgreSQL server has forgotten a holder', () => {
  /** Runs the SQL statement that issues a token. Returns the lock delay in milliseconds. */
  const issue = async (claim: string, ttlMs = TTL_MS) => {
    const { issue: text } = statements('settling');
    const [row] = await server.query(text, ['a', claim, '{}', ttlMs]);
    return Number(row!['lockDelayMs']);
  };
  const change = (fields: string) => server.query(`update settling set ${fields}`);
  const LONG_MS = 9000;

  test('the lock delay after the PostgreSQL server has forgotten a holder is one time to live unless the holder had released the lock, and applies until one holder has waited that long', async (ctx) => {
    need(ctx, whyNoPostgres);
    const { create, boot, settle } = statements('settling');
    await server.query(create);
    await server.query(boot);
    expect(await issue('first', LONG_MS)).toBe(0);
    expect(await issue('the session ended by itself')).toBe(0);
    await change("settled_boot = 'another', released = true");
    expect(await issue('restarted after the release')).toBe(0);
    await change(`settled_boot = 'another', ttl_ms = ${LONG_MS}`);
    expect(await issue('restarted under the holder')).toBe(LONG_MS);
    expect(await issue('its successor, because that holder died during the delay')).toBe(LONG_MS);
    await server.query(settle, ['a', 'its successor, because that holder died during the delay', TTL_MS]);
    expect(await issue('settled')).toBe(0);
    await change('settled_timeline = 7, released = true');
    expect(await issue('promoted')).toBe(TTL_MS);
  });
});

describe('a PostgreSQL standby', () => {
  let primary: PostgresServer;
  let standby: PostgresServer;
  beforeAll(async () => {
    if (whyNoPostgres !== null) return;
    primary = await PostgresServer.start();
    standby = await primary.standby();
  });
  afterAll(async () => {
    await standby?.remove();
    await primary?.remove();
  });

  test('a PostgreSQL standby passes the checks beside a primary, and is reported as a problem without a primary', async (ctx) => {
    need(ctx, whyNoPostgres);
    const passed = { level: 'ok', subject: 'server', message: 'this server is a standby, and a primary responds' };
    expect(await serverFindings([standby.url(), primary.url()])).toEqual([
      passed,
      expect.objectContaining({ level: 'ok', message: expect.stringContaining('a primary') }),
    ]);
    const problem = { ...passed, level: 'problem', message: 'this server is a standby. Connect to the primary' };
    expect(await serverFindings([standby.url()])).toEqual([problem]);
    expect(await serverFindings([standby.url(), standby.url()])).toEqual([problem, problem]);
  });

  test('never answers a probe: the primary does, and without a primary the probe does not report a free lock', async (ctx) => {
    need(ctx, whyNoPostgres);
    const lock = await acquireClusterLock('probed', { engine: pgEngine([primary.url()]), ttlMs: TTL_MS });
    const both = pgEngine([standby.url(), primary.url()]);
    const held = expect.objectContaining({ state: 'held', token: lock.token });
    expect(await Promise.all([both.probe('probed'), both.probe('probed')])).toEqual([held, held]);
    await expect(pgEngine([standby.url()]).probe('probed')).rejects.toMatchObject({ code: 'ERR_CLUSTER_UNSUITABLE' });
    expect(await pgEngine([standby.url(), standby.url()]).probe('probed')).toMatchObject({
      state: 'unreachable',
      error: { code: 'ERR_CLUSTER_UNAVAILABLE', message: expect.stringContaining('is a standby') },
    });
    await lock.release();
  });

  test('never answers a revocation: the primary revokes the claim, and without a primary the revocation fails', async (ctx) => {
    need(ctx, whyNoPostgres);
    const lock = await acquireClusterLock('revoked', { engine: pgEngine([primary.url()]), ttlMs: TTL_MS });
    const lost = new Promise<LockError>((resolve) => lock.onLost(resolve));
    const { claimId } = (await pgEngine([primary.url()]).probe('revoked')) as { claimId: string };
    const revoke = (urls: readonly string[]) => pgEngine(urls).revoke('revoked', claimId);
    await expect(revoke([standby.url()])).rejects.toMatchObject({ code: 'ERR_CLUSTER_UNSUITABLE' });
    await expect(revoke([standby.url(), standby.url()])).rejects.toMatchObject({ code: 'ERR_CLUSTER_UNAVAILABLE' });
    expect(lock.held).toBe(true);
    await revoke([standby.url(), primary.url()]);
    expect(await lost).toMatchObject({ code: 'ERR_LOCK_REVOKED' });
  });

  test('is a problem beside a server that does not respond', async (ctx) => {
    need(ctx, whyNoPostgres);
    const [port] = await freePorts(1);
    expect(await serverFindings([standby.url(), standby.url(port)])).toContainEqual({
      level: 'problem',
      subject: 'server',
      message: 'this server is a standby. Connect to the primary',
    });
  });
});

describe('inspect() of several PostgreSQL servers', () => {
  const levels = (findings: readonly ClusterFinding[]) =>
    Object.fromEntries(findings.map(({ subject, level }) => [subject, level]));

  test('reports a server that refuses connections as a warning and checks the primary', async (ctx) => {
    need(ctx, whyNoPostgres);
    const [port] = await freePorts(1);
    const findings = await pgEngine([server.url(port), server.url()]).inspect('checked');
    expect(findings).toContainEqual({
      level: 'warning',
      subject: 'server 1 of 2',
      message: `did not respond: connect ECONNREFUSED 127.0.0.1:${port}`,
    });
    expect(levels(findings)).toMatchObject({ server: 'ok', replication: 'ok', rights: 'ok', 'round trip': 'ok' });
  });

  test('reports a silent server as a warning and checks the primary', async (ctx) => {
    need(ctx, whyNoPostgres);
    const proxy = await DroppingProxy.to(server.port);
    onTestFinished(() => proxy.close());
    proxy.drop();
    const findings = await pgEngine([server.url(proxy.port), server.url()]).inspect('checked');
    expect(findings).toContainEqual({
      level: 'warning',
      subject: 'server 1 of 2',
      message: 'did not respond: no response within 2000 ms',
    });
    expect(levels(findings)).toMatchObject({ server: 'ok', rights: 'ok' });
    expect(findings.find(({ subject }) => subject === 'round trip')?.message).toContain('for one request');
  });

  test('reports a server that refuses the role as a problem and checks the primary', async (ctx) => {
    need(ctx, whyNoPostgres);
    const unknownRole = server.url().replace('postgres@', 'unknown@');
    const findings = await pgEngine([server.url(), unknownRole]).inspect('checked');
    expect(findings).toContainEqual({
      level: 'problem',
      subject: 'server',
      message: 'role "unknown" does not exist',
    });
    expect(levels(findings)).toMatchObject({ rights: 'ok', 'round trip': 'ok' });
  });

  test('reports a problem if no server responds', async (ctx) => {
    need(ctx, whyNoPostgres);
    const [port] = await freePorts(1);
    const findings = await pgEngine([server.url(port), server.url(port)]).inspect('checked');
    expect(levels(findings)).toEqual({ servers: 'problem', 'round trip': 'problem' });
    expect(findings[0]?.message).toContain(`cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}`);
  });
});

test('tokens still increase, and the next client waits one time to live, after an asynchronous PostgreSQL failover that lost an acquisition', async (ctx) => {
  need(ctx, whyNoPostgres);
  const primary = await PostgresServer.start();
  onTestFinished(() => primary.remove());
  const acquire = (url: string) =>
    acquireClusterLock('failover', { engine: pgEngine([url]), ttlMs: TTL_MS, timeoutMs: 60_000 });
  await (await acquire(primary.url())).release();
  const replication = await DroppingProxy.to(primary.port);
  onTestFinished(() => replication.close());
  const standby = await primary.standby(replication.port);
  onTestFinished(() => standby.remove());

  await expect(tryAcquireClusterLock('failover', { engine: pgEngine([standby.url()]) })).rejects.toMatchObject({
    code: 'ERR_CLUSTER_UNSUITABLE',
    message: expect.stringContaining('is a standby'),
  });
  const both = pgEngine([standby.url(), primary.url()]);
  await (await acquireClusterLock('failover', { engine: both, ttlMs: TTL_MS })).release();
  const findings = await both.inspect('failover');
  expect(findings).toContainEqual(expect.objectContaining({ level: 'warning', subject: 'replication' }));
  expect(findings.filter(({ level }) => level === 'problem')).toEqual([]);

  await eventually(async () =>
    expect(await standby.query("select counter::int from gateway_lock where name = 'failover'")).toEqual([
      { counter: 2 },
    ]),
  );
  replication.drop();
  const proxy = await DroppingProxy.to(primary.port);
  onTestFinished(() => proxy.close());
  const lock = await acquire(primary.url(proxy.port));
  expect(lock.token & 0xffffffffn).toBe(3n);
  proxy.drop();
  await primary.stop('SIGKILL');
  await standby.promote();
  await eventually(() => standby.query('create table promoted ()'));
  expect(await standby.query("select counter::int from gateway_lock where name = 'failover'")).toEqual([
    { counter: 2 },
  ]);
  expect(lock.held).toBe(true);
  const next = await acquire(standby.url());
  expect(lock.held).toBe(false);
  expect(next.token & 0xffffffffn).toBe(3n);
  expect(next.token).toBeGreaterThan(lock.token);
  await next.release();
});

test('a PostgreSQL token of a later timeline is larger than each token of an earlier timeline', () => {
  expect(tokenOf({ timeline: '2', counter: '1' })).toBeGreaterThan(tokenOf({ timeline: '1', counter: '4294967295' }));
});

test('a PostgreSQL URL selects the server, and a password in the URL is refused', async (ctx) => {
  need(ctx, whyNoPostgres);
  const engine = clusterEngine(server.url());
  expect(engine).toMatchObject({ kind: 'postgres', target: `PostgreSQL at 127.0.0.1:${server.port}/postgres` });
  await (await acquireClusterLock('url', { engine })).release();
  const secret = () => clusterEngine('postgres://root:secret@a/db');
  expect(secret).toThrow(/^url must be without a password \(set PGPASSWORD or PGPASSFILE\), not "a\/db"$/);
});

async function serverFindings(urls: readonly string[]): Promise<readonly ClusterFinding[]> {
  return (await pgEngine(urls).inspect('checked')).filter(({ subject }) => subject === 'server');
}

async function connectAs(target: PostgresServer, role: string): Promise<PostgresClient> {
  const client = new pg.Client({ connectionString: target.url().replace('postgres@', `${role}@`) });
  await client.connect();
  return client;
}

/** Returns a client that replaces some values in the results of its queries. */
function withFakeResults(client: pg.Client, values: object): PostgresClient {
  const first = async (text: string) => ({
    rows: (await client.query(text)).rows.map((row) => ({ ...row, ...values })),
  });
  return Object.assign(Object.create(client), { query: first });
}
