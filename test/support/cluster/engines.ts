// Real servers for both engines, with the operations that tests need.
import { spawnSync } from 'node:child_process';
import pg from 'pg';
import type { ClusterEngine } from '../../../src/cluster/index.js';
import * as cluster from '../../../src/cluster/index.js';
import type { Missing } from '../capabilities.js';
import { EtcdServers, etcdctl } from './etcd-servers.js';
import { PostgresServer, postgresPrograms } from './postgres-servers.js';

export const whyNoEtcd: Missing =
  spawnSync('etcd', ['--version']).error || spawnSync('etcdctl', ['version']).error
    ? 'needs etcd: apt-get install etcd-server etcd-client'
    : null;

export const whyNoPostgres: Missing =
  postgresPrograms() === null ? 'needs PostgreSQL: apt-get install postgresql-15' : null;

export const whyNoPgbouncer: Missing = spawnSync('pgbouncer', ['--version']).error
  ? 'needs pgbouncer: apt-get install pgbouncer'
  : whyNoPostgres;

/**
 * An engine's running servers. `ports` are those of the servers, or of proxies in front of them.
 */
export interface RunningEngine {
  /** Returns the URL of the engine without its scheme. */
  urlAt(ports: readonly number[]): string;
  /** The ports of the servers. */
  readonly ports: readonly number[];
  /** Creates an engine with separate connections. */
  engine(ports?: readonly number[]): ClusterEngine;
  /** Creates an engine from another build of gateway-lock/cluster. */
  engineOf(module: typeof cluster, ports: readonly number[]): ClusterEngine;
  /** Ends the holder's claim, as an administrator can. */
  evict(name: string): Promise<void>;
  /** Stops the servers and removes their data. */
  stop(): Promise<void>;
}

/** An engine, and why this machine cannot run its servers, if so. */
export interface EngineKind {
  readonly kind: 'etcd' | 'postgres';
  readonly missing: Missing;
  start(): Promise<RunningEngine>;
}

export const ENGINES: readonly EngineKind[] = [
  { kind: 'etcd', missing: whyNoEtcd, start: startEtcd },
  { kind: 'postgres', missing: whyNoPostgres, start: startPostgres },
];

async function startEtcd(): Promise<RunningEngine> {
  const servers = await EtcdServers.start();
  return {
    urlAt: (ports) => ports.map((port) => `127.0.0.1:${port}`).join(','),
    ports: servers.ports,
    engine: (ports = servers.ports) => etcdOf(cluster, ports),
    engineOf: etcdOf,
    evict: async (name) => {
      etcdctl(servers.endpoints, ['del', '--prefix', `gateway-lock/${name}/`]);
    },
    stop: () => servers.stop(),
  };
}

async function startPostgres(): Promise<RunningEngine> {
  const server = await PostgresServer.start();
  return {
    urlAt: (ports) => `postgres@${ports.map((port) => `127.0.0.1:${port}`).join(',')}/postgres`,
    ports: [server.port],
    engine: (ports = [server.port]) => pgEngine(ports.map((port) => server.url(port))),
    engineOf: (module, ports) =>
      pgEngine(
        ports.map((port) => server.url(port)),
        module,
      ),
    evict: async (name) => {
      await server.query(
        `select pg_terminate_backend(l.pid) from pg_locks l join gateway_lock t on t.pid = l.pid
         where l.locktype = 'advisory' and l.granted and t.name = $1`,
        [name],
      );
    },
    stop: () => server.remove(),
  };
}

function etcdOf({ etcdEngine }: typeof cluster, ports: readonly number[]): ClusterEngine {
  return etcdEngine({ endpoints: ports.map((port) => `http://127.0.0.1:${port}`) });
}

/** Creates a PostgreSQL engine for these servers. */
export function pgEngine(urls: readonly string[], { postgresEngine } = cluster): ClusterEngine {
  return postgresEngine({
    connect: urls.map((connectionString) => async () => {
      const client = new pg.Client({ connectionString });
      client.on('error', () => {});
      await client.connect();
      return client;
    }),
  });
}
