// A session: one connection to PostgreSQL.
import { rejected } from '../../bounded-call.js';
import { Unsuitable } from '../../cluster-error.js';
import { ClaimGone } from '../../driver.js';
import { CHECK_INTERVAL, FACTS, settings } from './sql.js';

/**
 * A connected client: the members of `Client` (package `pg`) that the engine uses.
 *
 * @example
 * import pg from 'pg';
 *
 * const client: PostgresClient = new pg.Client('postgres://db.example/billing');
 */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly Record<string, unknown>[] }>;
  end(): Promise<void>;
  on(event: 'error' | 'end', listener: (error?: Error) => void): unknown;
  /** Pid that the server announced for its process when the connection was opened. */
  readonly processID?: number | null;
  readonly connection?: { readonly stream?: { destroy(): unknown; unref?(): unknown } };
}

/** A row of a result, by column name. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * SQLSTATE codes of permanent errors: wrong credentials (class 28), unknown database (3D000),
 * missing rights (42501).
 */
const REFUSALS = /^(28|3D000|42501)/;
const MIN_VERSION = 140_000;

/** Thrown if the server is a standby, which cannot provide locks. */
export class StandbyServer extends Unsuitable {}

/**
 * Checks the column `standby` of a result.
 *
 * @throws {StandbyServer}
 */
export function refuseStandby(row: Row | undefined): void {
  if (row?.['standby'] === true) throw new StandbyServer('this server is a standby. Connect to the primary');
}

/** One connection. Runs one query at a time and reports the end of the connection. */
export class Session {
  readonly #client: PostgresClient;
  #ended: { readonly cause: unknown } | null = null;
  /** The last query. The `pg` package runs one query at a time. */
  #lastQuery: Promise<unknown> = Promise.resolve();
  #onEnd: (cause: unknown) => void = () => {};

  private constructor(client: PostgresClient) {
    this.#client = client;
    client.on('error', (error) => this.#end(error));
    client.on('end', () => this.#end(undefined));
  }

  /** Opens a connection. If it is established after `signal` has aborted, it is destroyed. */
  static async open(connect: () => Promise<PostgresClient>, signal: AbortSignal): Promise<Session> {
    const connecting = connect();
    try {
      return new Session(await Promise.race([connecting, rejected(signal)]));
    } catch (error) {
      connecting.then((client) => new Session(client).destroy()).catch(() => {});
      throw refusal(error) ?? error;
    }
  }

  /**
   * Checks that a lock can be held in this session.
   *
   * @returns the server's version
   * @throws {Unsuitable} if the server is too old or a standby, or if the connection goes through a
   * pooler
   */
  async check(signal: AbortSignal): Promise<string> {
    const facts = (await this.query(FACTS, [], signal))[0]!;
    this.#check(facts);
    return String(facts['versionText']);
  }

  /**
   * Checks the session and sets its time limits.
   *
   * @throws {Unsuitable} see {@link check}
   */
  async prepare(claimId: string, ttlMs: number, signal: AbortSignal): Promise<void> {
    await this.check(signal);
    const entries = Object.entries(settings(claimId, ttlMs));
    const calls = entries.map((_, at) => `set_config($${2 * at + 1}, $${2 * at + 2}, false)`);
    await this.query(`select ${calls.join(', ')}`, entries.flat(), signal);
    await this.query(CHECK_INTERVAL, [], signal).catch((error) => {
      if (this.#ended !== null || signal.aborted) throw error;
    });
  }

  /**
   * Runs a query after all earlier queries have ended.
   *
   * @throws {ClaimGone} if the connection has ended, and with it the session and its locks
   */
  async query(text: string, values: unknown[], signal: AbortSignal): Promise<readonly Row[]> {
    const sent = this.#send(this.#lastQuery, text, values, signal);
    this.#lastQuery = sent.catch(() => {});
    try {
      return (await Promise.race([sent, rejected(signal)])).rows;
    } catch (error) {
      if (this.#ended !== null) throw this.#gone();
      throw refusal(error) ?? error;
    }
  }

  async #send(before: Promise<unknown>, text: string, values: unknown[], signal: AbortSignal) {
    await before;
    signal.throwIfAborted();
    // Without values, pg uses the simple protocol, which allows several statements per request.
    return this.#client.query(text, ...(values.length === 0 ? [] : [values]));
  }

  /**
   * Calls `onEnd` when the connection ends. From now on, the connection does not keep the process
   * alive.
   */
  watch(onEnd: (cause: unknown) => void): void {
    this.#onEnd = onEnd;
    this.#client.connection?.stream?.unref?.();
    if (this.#ended !== null) onEnd(this.#gone());
  }

  /** Closes the connection and tells the server, so that the server ends the session at once. */
  async close(): Promise<void> {
    this.#onEnd = () => {};
    await this.#client.end();
  }

  /** Closes the connection without telling the server. */
  destroy(): void {
    this.#onEnd = () => {};
    const stream = this.#client.connection?.stream;
    if (stream === undefined) void this.#client.end().catch(() => {});
    else stream.destroy();
  }

  #check(facts: Row): void {
    const { version, versionText, pid } = facts;
    if (Number(version) < MIN_VERSION)
      throw new Unsuitable(
        `PostgreSQL ${versionText} is older than 14 and cannot end idle sessions. Upgrade PostgreSQL`,
      );
    refuseStandby(facts);
    const { processID } = this.#client;
    if (processID === undefined || processID === null)
      throw new Unsuitable('the client has no processID. Use pg.Client of the package pg, not pg-native');
    if (processID !== pid)
      throw new Unsuitable(
        'the connection goes through a pooler, which shares a session among clients. Connect to PostgreSQL directly',
      );
  }

  #end(cause: unknown): void {
    if (this.#ended !== null) return;
    this.#ended = { cause };
    this.#onEnd(this.#gone());
  }

  #gone(): ClaimGone {
    return new ClaimGone('the session has ended', { cause: this.#ended?.cause });
  }
}

function refusal(error: unknown): Unsuitable | null {
  const { code, message } = error as { code?: unknown; message?: string };
  return typeof code === 'string' && REFUSALS.test(code) ? new Unsuitable(message, { cause: error }) : null;
}
