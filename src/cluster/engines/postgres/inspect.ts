// Checks PostgreSQL servers, for `status` and `doctor`.
import { boundedCall } from '../../bounded-call.js';
import { Unsuitable } from '../../cluster-error.js';
import type { ClusterFinding } from '../../driver.js';
import type { LockKey } from './lock-key.js';
import { type PostgresClient, type Row, Session, StandbyServer } from './session.js';
import type { Statements } from './sql.js';

const REPLICATION = `select current_setting('synchronous_standby_names') as names,
  (select count(*)::int from pg_stat_replication) as standbys`;
const RIGHTS = "select has_schema_privilege(current_schema(), 'create') as may_create";

/**
 * How long to wait for one server, in milliseconds: two thirds of a request's time limit with the
 * default time to live, so that a silent server does not abort the checks of the others.
 */
const SERVER_MS = 2000;

/**
 * Checks each server. A standby is a problem only if no primary responds.
 *
 * @throws the error of the first server, if no server responds
 */
export async function inspectPostgres(
  connects: readonly (() => Promise<PostgresClient>)[],
  statements: Statements,
  key: LockKey,
  signal: AbortSignal,
): Promise<readonly ClusterFinding[]> {
  const check = (connect: () => Promise<PostgresClient>) =>
    boundedCall((bounded) => inspectServer(connect, statements, key, bounded), SERVER_MS, signal);
  const servers = await Promise.all(connects.map((connect) => check(connect).catch((error: Error) => error)));
  if (servers.every(isSilent)) throw servers[0];
  const hasPrimary = servers.some((server) => !(server instanceof Error));
  return servers.flatMap((server, index) => {
    if (!(server instanceof Error)) return server;
    if (isSilent(server)) return [silentFinding(server, `server ${index + 1} of ${servers.length}`)];
    return [unsuitableFinding(server, hasPrimary)];
  });
}

/** @throws {Unsuitable} see {@link Session.check} */
async function inspectServer(
  connect: () => Promise<PostgresClient>,
  statements: Statements,
  key: LockKey,
  signal: AbortSignal,
): Promise<readonly ClusterFinding[]> {
  const session = await Session.open(connect, signal);
  try {
    const version = await session.check(signal);
    const [replication] = await session.query(REPLICATION, [], signal);
    const [tables] = await session.query(statements.exists, [], signal);
    const [rights] = await session.query(RIGHTS, [], signal);
    return [primaryFinding(version), replicationFinding(replication!), tableFinding(tables!, rights!, key)];
  } finally {
    session.destroy();
  }
}

/** Returns true if the check failed without a response from the server. */
function isSilent(server: unknown): boolean {
  return server instanceof Error && !(server instanceof Unsuitable);
}

function primaryFinding(version: string): ClusterFinding {
  return { level: 'ok', subject: 'server', message: `PostgreSQL ${version}, a primary, connected without a pooler` };
}

function silentFinding({ message }: Error, subject: string): ClusterFinding {
  return { level: 'warning', subject, message: `did not respond: ${message}` };
}

function unsuitableFinding(error: Error, hasPrimary: boolean): ClusterFinding {
  if (error instanceof StandbyServer && hasPrimary)
    return { level: 'ok', subject: 'server', message: 'this server is a standby, and a primary responds' };
  return { level: 'problem', subject: 'server', message: error.message };
}

function replicationFinding({ names, standbys }: Row): ClusterFinding {
  const subject = 'replication';
  if (Number(standbys) === 0) return { level: 'ok', subject, message: 'no standby is connected' };
  if (names !== '') return { level: 'ok', subject, message: `synchronous (${names})` };
  const message = 'asynchronous: a failover can lose an acquisition. Set synchronous_standby_names, or check tokens';
  return { level: 'warning', subject, message };
}

function tableFinding(tables: Row, rights: Row, key: LockKey): ClusterFinding {
  const subject = 'rights';
  if (tables['found'] === true)
    return { level: 'ok', subject, message: `the tables exist (advisory lock ${key.text})` };
  if (rights['may_create'] === true) return { level: 'ok', subject, message: 'the tables can be created' };
  return { level: 'problem', subject, message: 'the tables do not exist, and this role may not create them' };
}
