// Creates an engine from a URL, for configuration files and the command line.
import { readFileSync } from 'node:fs';
import { invalidType, invalidValue } from '../arguments.js';
import type { ClusterEngine } from './cluster-engine.js';
import { Unsuitable } from './cluster-error.js';
import type { EtcdTls } from './engines/etcd/channel.js';
import type { EtcdAuth } from './engines/etcd/client.js';
import type { EtcdEngineOptions } from './engines/etcd/options.js';
import { etcdEngine } from './engines/etcd.js';
import { type PostgresClient, postgresEngine } from './engines/postgres.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the engine for a URL: `etcd://a:2379,b:2379` (`etcds://` for TLS), or
 * `postgres://user@a:5432,b:5432/database`.
 *
 * Credentials come from environment variables:
 *
 * - etcd: `ETCDCTL_CACERT`, `ETCDCTL_CERT` and `ETCDCTL_KEY` (files; any of them turns TLS on),
 *   `ETCDCTL_USER` (`user:password` or `user`), `ETCDCTL_PASSWORD`.
 * - PostgreSQL: `PGPASSWORD`, `PGPASSFILE`, `PGSSLMODE` and the other variables of the `pg`
 *   package, which must be installed.
 *
 * @example
 * const engine = clusterEngine('etcd://a.example:2379,b.example:2379');
 * console.log(engine.target); // etcd at http://a.example:2379, http://b.example:2379
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {TypeError} ERR_INVALID_ARG_VALUE for another scheme, or for a URL that contains a
 * password
 */
export function clusterEngine(
  url: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): ClusterEngine {
  if (typeof url !== 'string') throw invalidType('url', 'a string', url);
  const [, scheme, rest] = /^([a-z]+):\/\/(.+)$/.exec(url) ?? [];
  if (scheme === 'etcd' || scheme === 'etcds') return etcdEngine(etcdOptions(rest!, scheme === 'etcds', env));
  if (scheme === 'postgres' || scheme === 'postgresql') return postgresFrom(rest!);
  throw invalidValue('url', "'etcd://HOST:PORT' or 'postgres://HOST:PORT/DATABASE'", withoutPassword(url));
}

function etcdOptions(rest: string, secure: boolean, env: Environment): EtcdEngineOptions {
  if (rest.includes('@')) throw invalidValue('url', 'without credentials (set ETCDCTL_USER)', withoutPassword(rest));
  const tls = tlsFrom(env);
  const scheme = secure || tls !== null ? 'https' : 'http';
  const endpoints = rest
    .replace(/\/$/, '')
    .split(',')
    .map((host) => `${scheme}://${host}`);
  const auth = authFrom(env);
  return { endpoints, ...(tls === null ? {} : { tls }), ...(auth === null ? {} : { auth }) };
}

function tlsFrom(env: Environment): EtcdTls | null {
  const files = { ca: env['ETCDCTL_CACERT'], cert: env['ETCDCTL_CERT'], key: env['ETCDCTL_KEY'] };
  const given = Object.entries(files).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return given.length === 0 ? null : Object.fromEntries(given.map(([name, file]) => [name, readFileSync(file)]));
}

function authFrom(env: Environment): EtcdAuth | null {
  const given = env['ETCDCTL_USER'];
  if (!given) return null;
  const colon = given.indexOf(':');
  const user = colon < 0 ? given : given.slice(0, colon);
  return { user, password: env['ETCDCTL_PASSWORD'] ?? (colon < 0 ? '' : given.slice(colon + 1)) };
}

function postgresFrom(rest: string): ClusterEngine {
  const [, user = '', hosts = '', path = ''] = /^([^@/]*@)?([^/?]*)(.*)$/.exec(rest) ?? [];
  if (user.includes(':'))
    throw invalidValue('url', 'without a password (set PGPASSWORD or PGPASSFILE)', `${hosts}${path}`);
  const urls = hosts.split(',').map((host) => `postgres://${user}${host}${path}`);
  return postgresEngine({
    connect: urls.map((url) => () => connectPg(url)),
    target: `PostgreSQL at ${hosts}${path.split('?')[0]}`,
  });
}

interface ClientModule {
  readonly default: { readonly Client: new (options: object) => PostgresClient & { connect(): Promise<void> } };
}

async function connectPg(connectionString: string): Promise<PostgresClient> {
  const name = 'pg';
  const pg: ClientModule = await import(name).catch((cause) => {
    throw new Unsuitable('the package pg is not installed. Install it: npm install pg', { cause });
  });
  const client = new pg.default.Client({ connectionString });
  // The server can end the session in the very packet that opens it. Without a listener, the error
  // event would end this process.
  client.on('error', () => {});
  await client.connect();
  return client;
}

function withoutPassword(url: string): string {
  return url.replace(/:[^:@/]*@/, '@');
}
