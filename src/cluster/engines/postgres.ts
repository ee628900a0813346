// The PostgreSQL engine: PostgreSQL 14 or later, with a session of its own for each lock.
import { checkFunction, invalidType, invalidValue } from '../../arguments.js';
import { ClusterEngine } from '../cluster-engine.js';
import { Unsuitable } from '../cluster-error.js';
import type { Claim, ClaimRequest, ClusterFinding, ClusterHolder, Driver } from '../driver.js';
import { parseOwner } from '../owner.js';
import { type PostgresAccess, PostgresClaim, tokenOf } from './postgres/claim.js';
import { inspectPostgres } from './postgres/inspect.js';
import { lockKey } from './postgres/lock-key.js';
import { type PostgresClient, type Row, Session } from './postgres/session.js';
import { applicationName, HOLDER_WITHOUT_TABLE, SESSIONS_OF, type Statements, statements } from './postgres/sql.js';

export type { PostgresClient } from './postgres/session.js';

export interface PostgresEngineOptions {
  /**
   * Makes a client of the package `pg` and connects it: to the primary itself, not to a pooler. Several functions are tried in
   * turn, for a primary that can move. Listen for errors before connecting: the server can end the session in the packet that opens
   * it, and an error event without a listener ends the process.
   *
   * @example connect: async () => { const client = new pg.Client(url).on('error', () => {}); await client.connect(); return client; }
   */
  readonly connect: (() => Promise<PostgresClient>) | readonly (() => Promise<PostgresClient>)[];
  /** `table` or `schema.table`; created on first use, together with `TABLE_boot`. @default 'gateway_lock' */
  readonly table?: string;
  /** The servers, for messages, without credentials. @default 'PostgreSQL' */
  readonly target?: string;
}

/**
 * Locks as session-level advisory locks. The token is the timeline of the server and a counter.
 *
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export function postgresEngine(options: PostgresEngineOptions): ClusterEngine {
  return new ClusterEngine(new PostgresDriver(options));
}

class PostgresDriver implements Driver, PostgresAccess {
  readonly kind = 'postgres';
  readonly target: string;
  readonly endpoints: number;
  readonly statements: Statements;
  readonly #connects: readonly (() => Promise<PostgresClient>)[];
  #current = 0;

  constructor(options: PostgresEngineOptions) {
    this.#connects = checkConnects(options.connect);
    this.endpoints = this.#connects.length;
    this.statements = statements(checkTable(options.table ?? 'gateway_lock'));
    this.target = options.target ?? 'PostgreSQL';
  }

  claim(request: ClaimRequest): Claim {
    return new PostgresClaim(this, lockKey(request.name), request);
  }

  async open(claimId: string, ttlMs: number, signal: AbortSignal): Promise<Session> {
    let session: Session | undefined;
    try {
      session = await this.#connect(signal);
      await session.prepare(claimId, ttlMs, signal);
      return session;
    } catch (error) {
      session?.destroy();
      this.#current = (this.#current + 1) % this.endpoints;
      // With several servers, a standby or a server in trouble is a reason to ask the next.
      throw this.endpoints > 1 && error instanceof Unsuitable ? new Error(error.message, { cause: error }) : error;
    }
  }

  async holder(name: string, signal: AbortSignal, session?: Session): Promise<ClusterHolder | null> {
    if (session === undefined) return this.#once(signal, (once) => this.holder(name, signal, once));
    const [found] = await session.query(this.statements.exists, [], signal);
    const text = found?.['found'] === true ? this.statements.holder : HOLDER_WITHOUT_TABLE;
    const { classId, objectId } = lockKey(name);
    const [row] = await session.query(text, [name, classId, objectId], signal);
    return row === undefined ? null : holderOf(row);
  }

  async revoke(claimId: string, signal: AbortSignal): Promise<void> {
    if (!/^[0-9a-f]{32}$/.test(claimId)) throw invalidValue('claimId', '32 hexadecimal digits', claimId);
    await this.#once(signal, (session) => session.query(SESSIONS_OF, [applicationName(claimId)], signal));
  }

  inspect(name: string, signal: AbortSignal): Promise<readonly ClusterFinding[]> {
    return inspectPostgres(this.#connects, this.statements, lockKey(name), signal);
  }

  #connect(signal: AbortSignal): Promise<Session> {
    return Session.open(this.#connects[this.#current]!, signal);
  }

  async #once<T>(signal: AbortSignal, request: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.#connect(signal).catch((error) => {
      this.#current = (this.#current + 1) % this.endpoints;
      throw error;
    });
    try {
      return await request(session);
    } finally {
      session.destroy();
    }
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
