// A claim on PostgreSQL: a session that waits for an advisory lock and then holds it.
import { loadCrypto } from '../../../native/builtins.js';
import {
  type AcquireResult,
  type Claim,
  ClaimGone,
  type ClaimRequest,
  type ClusterHolder,
  type WaitSlice,
} from '../../driver.js';
import type { LockKey } from './lock-key.js';
import type { Row, Session } from './session.js';
import type { Statements } from './sql.js';

const LOCK_NOT_AVAILABLE = '55P03';
const UNDEFINED_TABLE = '42P01';
/** SQLSTATE codes that occur if two sessions create the same table at the same time. */
const DUPLICATE = /^(23505|42P07|42710)$/;

/** The part of the engine that a claim uses. */
export interface PostgresAccess {
  /** Opens a session and prepares it for this claim. */
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
  /** True until the row records that this holder has waited out the lock delay. */
  #isDelayed = false;

  constructor(access: PostgresAccess, key: LockKey, request: ClaimRequest) {
    this.#access = access;
    this.#key = key;
    this.#request = request;
    this.id = loadCrypto().randomBytes(16).toString('hex');
  }

  async open(signal: AbortSignal): Promise<number> {
    this.#session = await this.#access.open(this.id, this.#request.ttlMs, signal);
    return this.#request.ttlMs;
  }

  async acquire(signal: AbortSignal, { waitMs }: WaitSlice): Promise<AcquireResult> {
    const session = this.#opened();
    const acquired = waitMs === 0 ? await this.#try(session, signal) : await this.#wait(session, waitMs, signal);
    if (acquired) return this.#issueToken(session, signal);
    return { token: null, holder: await this.#access.holder(this.#request.name, signal, session) };
  }

  /**
   * A response proves that the session existed when the request arrived, and the server ends a
   * session only after it has been idle for the time to live.
   */
  async renew(signal: AbortSignal): Promise<number> {
    const { name, ttlMs } = this.#request;
    if (!this.#hasToken) {
      await this.#opened().query('select 1', [], signal);
      return ttlMs;
    }
    const [row] = await this.#opened().query(this.#access.statements.confirm, [name, this.id], signal);
    if (row?.['mine'] !== true) throw new ClaimGone(`the row of lock '${name}' names another claim`);
    if (this.#isDelayed && this.#isHeld) await this.#recordDelayEnd(signal);
    return ttlMs;
  }

  watch(onGone: (cause: unknown) => void): void {
    this.#isHeld = true;
    this.#opened().watch(onGone);
  }

  async release(signal: AbortSignal): Promise<void> {
    const session = this.#opened();
    if (this.#hasToken) await session.query(this.#access.statements.release, [this.#request.name, this.id], signal);
    await session.close();
  }

  destroy(): void {
    this.#session?.destroy();
  }

  async #recordDelayEnd(signal: AbortSignal): Promise<void> {
    const { name, ttlMs } = this.#request;
    await this.#opened().query(this.#access.statements.settle, [name, this.id, ttlMs], signal);
    this.#isDelayed = false;
  }

  #opened(): Session {
    if (this.#session === null) throw new ClaimGone('the session was never opened');
    return this.#session;
  }

  async #try(session: Session, signal: AbortSignal): Promise<boolean> {
    const [row] = await session.query('select pg_try_advisory_lock($1) as acquired', [this.#key.text], signal);
    return row?.['acquired'] === true;
  }

  /**
   * Waits for the lock. Returns false after `waitMs` milliseconds.
   *
   * The server ends the wait, so that the session stays usable. Two statements in one request form
   * one transaction, so `set local` applies only to this wait. Without `local`, the limit would
   * also abort the later statements that write the token and confirm the claim.
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

  async #issueToken(session: Session, signal: AbortSignal): Promise<AcquireResult> {
    const { name, ttlMs, owner } = this.#request;
    const { boot, issue } = this.#access.statements;
    await this.#withTables(session, signal, () => session.query(boot, [], signal));
    const [row] = await session.query(issue, [name, this.id, JSON.stringify(owner), ttlMs], signal);
    this.#hasToken = true;
    const lockDelayMs = Number(row!['lockDelayMs']);
    this.#isDelayed = lockDelayMs > 0;
    return { token: tokenOf(row!), lockDelayMs };
  }

  /** Runs `query`. Creates the tables first if they do not exist. */
  async #withTables<T>(session: Session, signal: AbortSignal, query: () => Promise<T>): Promise<T> {
    try {
      return await query();
    } catch (error) {
      if (codeOf(error) !== UNDEFINED_TABLE) throw error;
      await session.query(this.#access.statements.create, [], signal).catch((failure) => {
        if (!DUPLICATE.test(codeOf(failure))) throw failure;
      });
      return query();
    }
  }
}

/**
 * Returns the token. A promoted standby has a new timeline, so its tokens are larger than those of
 * the old primary.
 */
export function tokenOf(row: Row): bigint {
  return (BigInt(row['timeline'] as string) << 32n) + BigInt(row['counter'] as string);
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code);
}
