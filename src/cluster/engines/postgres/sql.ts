// The statements of the PostgreSQL engine.
//
// The lock is a session-level advisory lock. For each lock, a row in a table counts the
// acquisitions (the token) and describes the last holder. The row is not a lease: while the
// holder's session exists, only the advisory lock decides who holds the lock. The unlogged table
// `TABLE_boot` is empty after every crash recovery and on every promoted standby, so a new id in it
// shows that the server has forgotten its sessions.
//
// For one time to live after its last renewal, a holder can believe that it holds the lock, even if
// the server has already forgotten its session. If the server restarts before the lock is released,
// the boot id changes. If a standby is promoted, the timeline changes, and the standby may have
// missed the last holders. After a restart or a promotion, the next holder therefore waits for a
// lock delay of one time to live. `settle` writes the new boot and timeline only after this delay,
// so if the next holder dies before that, its successor also waits.

/** The statements for one pair of tables. */
export interface Statements {
  /** Reports whether the tables exist and whether the server is a standby. */
  readonly exists: string;
  /** Creates the tables. */
  readonly create: string;
  /** Writes the row of a new holder. Returns the counter, the timeline and the lock delay. */
  readonly issue: string;
  /** Writes an id for this boot unless the table already contains one. */
  readonly boot: string;
  /** Records that the lock delay is over. */
  readonly settle: string;
  /** Reports whether the row still names this claim. */
  readonly confirm: string;
  /** Records that the holder has released the lock. */
  readonly release: string;
  /** Reads the row of the current holder. */
  readonly holder: string;
}

/**
 * The timeline: the first 8 digits of the current WAL file's name. pg_control_checkpoint() reports
 * a promotion only after a delay.
 */
const TIMELINE = "('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint";
const BOOT = 'extract(epoch from pg_postmaster_start_time())::text';

const IS_HELD = `l.locktype = 'advisory' and l.classid::bigint = $2 and l.objid::bigint = $3 and l.objsubid = 1 and l.granted
  and l.database = (select oid from pg_database where datname = current_database())`;

const IS_STANDBY = 'pg_is_in_recovery() as standby';

/** Reads the server and session properties that `Session.check()` needs. */
export const FACTS = `select pg_backend_pid() as pid, ${IS_STANDBY},
  current_setting('server_version_num')::int as version, current_setting('server_version') as "versionText"`;

/** Returns the settings of a session, for `set_config(name, value, false)`. */
export function settings(claimId: string, ttlMs: number): Readonly<Record<string, string>> {
  return {
    application_name: applicationName(claimId),
    // The server ends the session and releases the lock if no renewal arrives within the time to
    // live.
    idle_session_timeout: String(ttlMs),
    // Not shorter than the lease, because the holder may not learn that the connection has ended.
    tcp_user_timeout: String(ttlMs),
    // The role's default settings must not abort the wait or end the session.
    statement_timeout: '0',
    lock_timeout: '0',
    idle_in_transaction_session_timeout: '0',
    // An issued token must survive a crash.
    synchronous_commit: 'on',
    default_transaction_isolation: 'read committed',
    default_transaction_read_only: 'off',
  };
}

/**
 * Makes the server notice within 1 s that a waiter has died. Not available on every operating
 * system.
 */
export const CHECK_INTERVAL = "set client_connection_check_interval = '1s'";

/** Returns the name of a claim's session in `pg_stat_activity`. */
export function applicationName(claimId: string): string {
  return `gateway-lock ${claimId}`;
}

/**
 * Ends the session of a claim, by its application name. Reports whether the server is a standby.
 */
export const TERMINATE_SESSIONS = `select ${IS_STANDBY},
  (select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = $1) as ended`;

/** Returns the statements for `table` and `table_boot`. */
export function statements(table: string): Statements {
  const [lock, boot] = [quoteTable(table), quoteTable(`${table}_boot`)];
  return {
    exists: `select ${IS_STANDBY},
      to_regclass('${lock}') is not null and to_regclass('${boot}') is not null as found`,
    create: `create table if not exists ${lock} (name text primary key, counter bigint not null, timeline bigint not null,
      settled_boot text not null, settled_timeline bigint not null, claim text not null, pid int not null, owner text not null,
      ttl_ms int not null, released boolean not null);
      create unlogged table if not exists ${boot} (one boolean primary key check (one), id uuid not null)`,
    boot: `insert into ${boot} values (true, gen_random_uuid()) on conflict do nothing`,
    issue: `with now as (select ${BOOT} || ' ' || (select id from ${boot})::text as boot, ${TIMELINE} as timeline),
      before as (select settled_boot, settled_timeline, ttl_ms, released from ${lock} where name = $1),
      judged as (select now.*, coalesce(settled_timeline <> timeline or (settled_boot <> boot and not released), timeline > 1)
        as unsettled, coalesce(ttl_ms, 0) as ttl_ms, coalesce(settled_boot, '') as settled_boot,
        coalesce(settled_timeline, 0) as settled_timeline from now left join before on true),
      mine as (insert into ${lock} as t
        select $1, 1, timeline, case when unsettled then settled_boot else boot end,
          case when unsettled then settled_timeline else timeline end, $2, pg_backend_pid(), $3,
          case when unsettled then greatest(ttl_ms, $4) else $4 end, false from judged
        on conflict (name) do update set counter = t.counter + 1, timeline = excluded.timeline,
          settled_boot = excluded.settled_boot, settled_timeline = excluded.settled_timeline, claim = excluded.claim,
          pid = excluded.pid, owner = excluded.owner, ttl_ms = excluded.ttl_ms, released = false
        returning counter, timeline, ttl_ms)
      select mine.counter::text, mine.timeline::text, case when unsettled then mine.ttl_ms else 0 end as "lockDelayMs"
      from mine, judged`,
    settle: `update ${lock} set settled_boot = now.boot, settled_timeline = now.timeline, ttl_ms = $3
      from (select ${BOOT} || ' ' || (select id from ${boot})::text as boot, ${TIMELINE} as timeline) now
      where name = $1 and claim = $2`,
    confirm: `select claim = $2 as mine from ${lock} where name = $1`,
    release: `update ${lock} set released = true where name = $1 and claim = $2`,
    holder: `select t.claim, t.owner, t.counter::text, t.timeline::text from pg_locks l
      left join ${lock} t on t.name = $1 and t.pid = l.pid where ${IS_HELD}`,
  };
}

/** Reports whether the lock is held, without using the tables. */
export const HOLDER_WITHOUT_TABLE = `select null as claim from pg_locks l where $1::text is not null and ${IS_HELD}`;

/**
 * Quotes `table` or `schema.table`. The caller has checked that the names contain no quotes or
 * other dots.
 */
function quoteTable(table: string): string {
  return table
    .split('.')
    .map((part) => `"${part}"`)
    .join('.');
}
