// One connection to PostgreSQL, from connect to destroy.
import { rejected } from '../../bounded-call.js';
import { Unsuitable } from '../../cluster-error.js';
import { ClaimGone } from '../../driver.js';
import { CHECK_INTERVAL, FACTS, settings } from './sql.js';

/** A connected client, as `new pg.Client()` of the package pg makes it. Only these members are used. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly Record<string, unknown>[] }>;
  end(): Promise<void>;
  on(event: 'error' | 'end', listener: (error?: Error) => void): unknown;
  /** The pid of the server process, as the server told it when the connection was made. */
  readonly processID?: number | null;
  readonly connection?: { readonly stream?: { destroy(): unknown; unref?(): unknown } };
}

export type Row = Readonly<Record<string, unknown>>;

/** SQLSTATE classes and codes that no later attempt changes: wrong credentials, no such database, missing rights. */
const REFUSALS = /^(28|3D000|42501)/;
const MIN_VERSION = 140_000;

export class Session {
  readonly #client: PostgresClient;
  #ended: { readonly cause: unknown } | null = null;
  /** Settles with the last query. pg takes one query at a time. */
  #busy: Promise<unknown> = Promise.resolve();
  #onEnd: (cause: unknown) => void = () => {};

  private constructor(client: PostgresClient) {
    this.#client = client;
    client.on('error', (error) => this.#end(error));
    client.on('end', () => this.#end(undefined));
  }

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
   * @returns the server's version
   * @throws {Unsuitable} if a lock must not depend on this session
   */
  async check(signal: AbortSignal): Promise<string> {
    const facts = (await this.query(FACTS, [], signal))[0]!;
    this.#check(facts);
    return String(facts['versionText']);
  }

  /** @throws {Unsuitable} as {@link check} */
  async prepare(claimId: string, ttlMs: number, signal: AbortSignal): Promise<void> {
    await this.check(signal);
    const entries = Object.entries(settings(claimId, ttlMs));
    const calls = entries.map((_, at) => `set_config($${2 * at + 1}, $${2 * at + 2}, false)`);
    await this.query(`select ${calls.join(', ')}`, entries.flat(), signal);
    await this.query(CHECK_INTERVAL, [], signal).catch((error) => {
      if (this.#ended !== null || signal.aborted) throw error;
    });
  }

  /** @throws {ClaimGone} once the connection has ended: the session, and what it held, is gone */
  async query(text: string, values: unknown[], signal: AbortSignal): Promise<readonly Row[]> {
    const sent = this.#send(this.#busy, text, values, signal);
    this.#busy = sent.catch(() => {});
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
    // Without values the simple protocol, which takes several statements.
    return this.#client.query(text, ...(values.length === 0 ? [] : [values]));
  }

  /** From now on the connection does not keep the process alive, and its end is reported. */
  hold(onEnd: (cause: unknown) => void): void {
    this.#onEnd = onEnd;
    this.#client.connection?.stream?.unref?.();
    if (this.#ended !== null) onEnd(this.#gone());
  }

  /** Orderly: the server ends the session at once. */
  async close(): Promise<void> {
    this.#onEnd = () => {};
    await this.#client.end();
  }

  destroy(): void {
    this.#onEnd = () => {};
    const stream = this.#client.connection?.stream;
    if (stream === undefined) void this.#client.end().catch(() => {});
    else stream.destroy();
  }

  #check(facts: Row): void {
    const { version, versionText, standby, pid } = facts;
    if (Number(version) < MIN_VERSION)
      throw new Unsuitable(`PostgreSQL ${versionText} is older than 14, which cannot end idle sessions. Upgrade it`);
    if (standby === true) throw new Unsuitable('this server is a standby. Connect to the primary');
    const { processID } = this.#client;
    if (processID === undefined || processID === null)
      throw new Unsuitable('the client does not show its processID. Use pg.Client of the package pg, not pg-native');
    if (processID !== pid)
      throw new Unsuitable(
        'a connection pooler is in between, which lends a session to several clients. Connect to PostgreSQL itself',
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
