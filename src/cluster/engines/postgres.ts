// The PostgreSQL engine, which uses PostgreSQL 14 or later and one session per lock.
import { checkFunction, checkOptions, invalidType, invalidValue, type OptionNames } from '../../arguments.js';
import { ClusterEngine } from '../cluster-engine.js';
import { Unsuitable } from '../cluster-error.js';
import type { Claim, ClaimRequest, ClusterFinding, ClusterHolder, Driver } from '../driver.js';
import { parseOwner } from '../owner.js';
import { type PostgresAccess, PostgresClaim, tokenOf } from './postgres/claim.js';
import { inspectPostgres } from './postgres/inspect.js';
import { lockKey } from './postgres/lock-key.js';
import { type PostgresClient, type Row, refuseStandby, Session } from './postgres/session.js';
import {
  applicationName,
  HOLDER_WITHOUT_TABLE,
  type Statements,
  statements,
  TERMINATE_SESSIONS,
} from './postgres/sql.js';

export type { PostgresClient } from './postgres/session.js';

/**
 * Options of `postgresEngine`.
 *
 * @example
 * import pg from 'pg';
 *
 * const connect = async () => {
 *   const client = new pg.Client('postgres://db.example/billing').on('error', () => {});
 *   await client.connect();
 *   return client;
 * };
 * const options: PostgresEngineOptions = { connect, table: 'locks.gateway' };
 * const engine = postgresEngine(options);
 */
export interface PostgresEngineOptions {
  /**
   * Creates a client of the `pg` package and connects it directly to the primary, not through a
   * pooler. With several servers, pass one function per server; the engine tries them in turn until
   * a request succeeds.
   *
   * Add an error listener before connecting: the server can end the session in the very packet that
   * opens it, and an error event without a listener ends the process.
   */
  readonly connect: (() => Promise<PostgresClient>) | readonly (() => Promise<PostgresClient>)[];
  /**
   * Name of the table: `table` or `schema.table`. The engine creates the table on first use,
   * together with `TABLE_boot`.
   *
   * @default 'gateway_lock'
   */
  readonly table?: string | undefined;
  /**
   * The servers' name in messages. Must not contain credentials.
   *
   * @default 'PostgreSQL'
   */
  readonly target?: string | undefined;
}

/**
 * Returns an engine whose locks are session-level advisory locks. The token is `timeline * 2^32 +
 * counter`.
 *
 * @example
 * import pg from 'pg';
 *
 * const connect = async () => {
 *   const client = new pg.Client('postgres://db.example/billing').on('error', () => {});
 *   await client.connect();
 *   return client;
 * };
 * const engine = postgresEngine({ connect });
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {TypeError} ERR_INVALID_ARG_VALUE
 */
export function postgresEngine(options: PostgresEngineOptions): ClusterEngine {
  return new ClusterEngine(new PostgresDriver(options));
}

const OPTIONS: OptionNames<PostgresEngineOptions> = { connect: true, table: true, target: true };

class PostgresDriver implements Driver, PostgresAccess {
  readonly kind = 'postgres';
  readonly target: string;
  readonly endpoints: number;
  readonly statements: Statements;
  readonly #connects: readonly (() => Promise<PostgresClient>)[];
  #current = 0;

  constructor(options: PostgresEngineOptions) {
    checkOptions(options, OPTIONS);
    this.#connects = checkConnects(options.connect);
    this.endpoints = this.#connects.length;
    this.statements = statements(checkTable(options.table ?? 'gateway_lock'));
    this.target = options.target ?? 'PostgreSQL';
  }

  claim(request: ClaimRequest): Claim {
    return new PostgresClaim(this, lockKey(request.name), request);
  }

  open(claimId: string, ttlMs: number, signal: AbortSignal): Promise<Session> {
    return this.#onServer(signal, async (session) => {
      await session.prepare(claimId, ttlMs, signal);
      return session;
    });
  }

  async holder(name: string, signal: AbortSignal, session?: Session): Promise<ClusterHolder | null> {
    if (session === undefined) return this.#withSession(signal, (opened) => this.holder(name, signal, opened));
    const [tables] = await session.query(this.statements.exists, [], signal);
    refuseStandby(tables);
    const text = tables?.['found'] === true ? this.statements.holder : HOLDER_WITHOUT_TABLE;
    const { classId, objectId } = lockKey(name);
    const [row] = await session.query(text, [name, classId, objectId], signal);
    return row === undefined ? null : holderOf(row);
  }

  async revoke(claimId: string, signal: AbortSignal): Promise<void> {
    if (!/^[0-9a-f]{32}$/.test(claimId)) throw invalidValue('claimId', '32 hexadecimal digits', claimId);
    await this.#withSession(signal, async (session) => {
      const [row] = await session.query(TERMINATE_SESSIONS, [applicationName(claimId)], signal);
      refuseStandby(row);
    });
  }

  inspect(name: string, signal: AbortSignal): Promise<readonly ClusterFinding[]> {
    return inspectPostgres(this.#connects, this.statements, lockKey(name), signal);
  }

  /** Runs one request in a separate session. */
  #withSession<T>(signal: AbortSignal, request: (session: Session) => Promise<T>): Promise<T> {
    return this.#onServer(signal, async (session) => {
      const result = await request(session);
      session.destroy();
      return result;
    });
  }

  /** Opens a session and calls `use`. After a failure, the next call uses the next server. */
  async #onServer<T>(signal: AbortSignal, use: (session: Session) => Promise<T>): Promise<T> {
    const server = this.#current;
    let session: Session | undefined;
    try {
      session = await Session.open(this.#connects[server]!, signal);
      return await use(session);
    } catch (error) {
      session?.destroy();
      this.#skip(server);
      // With several servers, an unsuitable one (such as a standby) is not a permanent failure,
      // because the next one may be the primary.
      throw this.endpoints > 1 && error instanceof Unsuitable ? new Error(error.message, { cause: error }) : error;
    }
  }

  /** Selects the next server, unless a concurrent request has already done so. */
  #skip(server: number): void {
    if (this.#current === server) this.#current = (server + 1) % this.endpoints;
  }
}

function holderOf(row: Row): ClusterHolder {
  if (typeof row['claim'] !== 'string') return { claimId: 'unknown', owner: null, token: null };
  return { claimId: row['claim'], owner: parseOwner(String(row['owner'])), token: tokenOf(row) };
}

function checkConnects(connect: unknown): readonly (() => Promise<PostgresClient>)[] {
  const connects = Array.isArray(connect) ? connect : [connect];
  if (connects.length === 0) throw invalidValue('connect', 'at least one function', connect);
  for (const one of connects) {
    if (one === undefined) throw invalidType('connect', 'a function', one);
    checkFunction('connect', one);
  }
  return connects;
}

function checkTable(table: unknown): string {
  if (typeof table !== 'string') throw invalidType('table', 'a string', table);
  if (!/^[a-z_]\w{0,55}(\.[a-z_]\w{0,55})?$/i.test(table))
    throw invalidValue('table', "'table' or 'schema.table'", table);
  return table;
}
