// A claim on PostgreSQL: one session of its own, which waits for an advisory lock and then holds it.
import { loadCrypto } from '../../../native/builtins.js';
import { type Claim, ClaimGone, type ClaimRequest, type ClusterHolder, type Entry, type Turn } from '../../driver.js';
import type { LockKey } from './lock-key.js';
import type { Row, Session } from './session.js';
import type { Statements } from './sql.js';

const LOCK_NOT_AVAILABLE = '55P03';
const UNDEFINED_TABLE = '42P01';
/** Two sessions created the same table at the same time. */
const CREATED_TWICE = /^(23505|42P07|42710)$/;

export interface PostgresAccess {
  /** Opens a session, and prepares it for this claim. */
  open(claimId: string, ttlMs: number, signal: AbortSignal): Promise<Session>;
  holder(name: string, signal: AbortSignal, session: Session): Promise<ClusterHolder | null>;
  readonly statements: Statements;
}

export class PostgresClaim implements Claim {
  readonly id: string;
  readonly #access: PostgresAccess;
  readonly #request: ClaimRequest;
  readonly #key: LockKey;
  #session: Session | null = null;
  #hasToken = false;
  #isHeld = false;
  /** The row does not show yet that this holder has waited for a forgotten one. */
  #unsettled = false;

  constructor(access: PostgresAccess, key: LockKey, request: ClaimRequest) {
    this.#access = access;
    this.#key = key;
    this.#request = request;
    this.id = loadCrypto().randomBytes(16).toString('hex');
  }

  async begin(signal: AbortSignal): Promise<number> {
    this.#session = await this.#access.open(this.id, this.#request.ttlMs, signal);
    return this.#request.ttlMs;
  }

  async enter(signal: AbortSignal, turn: Turn): Promise<Entry> {
    const session = this.#opened();
    const taken = turn.waitMs === 0 ? await this.#try(session, signal) : await this.#wait(session, turn.waitMs, signal);
    if (taken) return this.#takeToken(session, signal);
    return { token: null, holder: await this.#access.holder(this.#request.name, signal, session) };
  }

  /** An answer shows that the session lived when the request came, and the server ends it a time to live later. */
  async renew(signal: AbortSignal): Promise<number> {
    const { name, ttlMs } = this.#request;
    if (!this.#hasToken) {
      await this.#opened().query('select 1', [], signal);
      return ttlMs;
    }
    const [row] = await this.#opened().query(this.#access.statements.confirm, [name, this.id], signal);
    if (row?.['mine'] !== true) throw new ClaimGone(`the row of lock '${name}' names another claim`);
    if (this.#unsettled && this.#isHeld) await this.#settle(signal);
    return ttlMs;
  }

  hold(gone: (cause: unknown) => void): void {
    this.#isHeld = true;
    this.#opened().hold(gone);
  }

  async release(signal: AbortSignal): Promise<void> {
    const session = this.#opened();
    if (this.#hasToken) await session.query(this.#access.statements.release, [this.#request.name, this.id], signal);
    await session.close();
  }

  destroy(): void {
    this.#session?.destroy();
  }

  async #settle(signal: AbortSignal): Promise<void> {
    const { name, ttlMs } = this.#request;
    await this.#opened().query(this.#access.statements.settle, [name, this.id, ttlMs], signal);
    this.#unsettled = false;
  }

  #opened(): Session {
    if (this.#session === null) throw new ClaimGone('the session was never opened');
    return this.#session;
  }

  async #try(session: Session, signal: AbortSignal): Promise<boolean> {
    const [row] = await session.query('select pg_try_advisory_lock($1) as taken', [this.#key.text], signal);
    return row?.['taken'] === true;
  }

  /**
   * The server ends the wait, so that the session stays usable. Two statements in one request are one transaction, so `set local`
   * ends with the wait: a limit that stayed would end later statements, which write the token and confirm the claim.
   */
  async #wait(session: Session, waitMs: number, signal: AbortSignal): Promise<boolean> {
    try {
      await session.query(`set local lock_timeout = ${waitMs}; select pg_advisory_lock(${this.#key.text})`, [], signal);
      return true;
    } catch (error) {
      if (codeOf(error) === LOCK_NOT_AVAILABLE) return false;
      throw error;
    }
  }

  async #takeToken(session: Session, signal: AbortSignal): Promise<Entry> {
    const { name, ttlMs, owner } = this.#request;
    const { boot, take } = this.#access.statements;
    await this.#creating(session, signal, () => session.query(boot, [], signal));
    const [row] = await session.query(take, [name, this.id, JSON.stringify(owner), ttlMs], signal);
    this.#hasToken = true;
    const settleMs = Number(row!['settleMs']);
    this.#unsettled = settleMs > 0;
    return { token: tokenOf(row!), settleMs };
  }

  /** Creates the tables if they do not exist. */
  async #creating<T>(session: Session, signal: AbortSignal, query: () => Promise<T>): Promise<T> {
    try {
      return await query();
    } catch (error) {
      if (codeOf(error) !== UNDEFINED_TABLE) throw error;
      await session.query(this.#access.statements.create, [], signal).catch((failure) => {
        if (!CREATED_TWICE.test(codeOf(failure))) throw failure;
      });
      return query();
    }
  }
}

/** Timeline and counter: tokens of a promoted standby are larger than those of the primary that it replaces. */
export function tokenOf(row: Row): bigint {
  return (BigInt(row['timeline'] as string) << 32n) + BigInt(row['counter'] as string);
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code);
}
