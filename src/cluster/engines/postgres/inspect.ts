// Checks PostgreSQL servers, for `status` and `doctor`.
import type { ClusterFinding } from '../../driver.js';
import type { LockKey } from './lock-key.js';
import { type PostgresClient, type Row, Session, StandbyServer } from './session.js';
import type { Statements } from './sql.js';

const REPLICATION = `select current_setting('synchronous_standby_names') as names,
  (select count(*)::int from pg_stat_replication) as standbys`;
const RIGHTS = "select has_schema_privilege(current_schema(), 'create') as may_create";

/** Checks each server. A standby is healthy, and a problem only if no server is a primary. */
export async function inspectPostgres(
  connects: readonly (() => Promise<PostgresClient>)[],
  statements: Statements,
  key: LockKey,
  signal: AbortSignal,
): Promise<readonly ClusterFinding[]> {
  const servers = await Promise.all(connects.map((connect) => inspectServer(connect, statements, key, signal)));
  const hasPrimary = servers.some((findings) => !(findings instanceof StandbyServer));
  return servers.flatMap((findings) =>
    findings instanceof StandbyServer ? [standbyFinding(findings, hasPrimary)] : findings,
  );
}

async function inspectServer(
  connect: () => Promise<PostgresClient>,
  statements: Statements,
  key: LockKey,
  signal: AbortSignal,
): Promise<readonly ClusterFinding[] | StandbyServer> {
  const session = await Session.open(connect, signal);
  try {
    const server = await suitability(session, signal);
    if (server instanceof StandbyServer) return server;
    if (server.level !== 'ok') return [server];
    const [replication] = await session.query(REPLICATION, [], signal);
    const [tables] = await session.query(statements.exists, [], signal);
    const [rights] = await session.query(RIGHTS, [], signal);
    return [server, replicationFinding(replication!), tableFinding(tables!, rights!, key)];
  } finally {
    session.destroy();
  }
}

async function suitability(session: Session, signal: AbortSignal): Promise<ClusterFinding | StandbyServer> {
  try {
    const version = await session.check(signal);
    return { level: 'ok', subject: 'server', message: `PostgreSQL ${version}, a primary, connected without a pooler` };
  } catch (error) {
    if (error instanceof StandbyServer) return error;
    return { level: 'problem', subject: 'server', message: (error as Error).message };
  }
}

function standbyFinding({ message }: StandbyServer, hasPrimary: boolean): ClusterFinding {
  if (!hasPrimary) return { level: 'problem', subject: 'server', message };
  return { level: 'ok', subject: 'server', message: 'a standby, beside a primary that responds' };
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
