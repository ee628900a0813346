// Sends the requests of a lock over one channel. Adds authentication, and distinguishes permanent
// refusals from other errors.
import { Unsuitable } from '../../cluster-error.js';
import { ClaimGone } from '../../driver.js';
import { Channel, type Endpoints, type EtcdTls, GrpcError, type Metadata, STATUS } from './channel.js';
import * as messages from './messages.js';

/**
 * Credentials of an etcd user.
 *
 * @example
 * const auth: EtcdAuth = { user: 'billing', password: process.env['ETCD_PASSWORD'] ?? '' };
 * const engine = etcdEngine({ endpoints: ['https://etcd.example:2379'], auth });
 */
export interface EtcdAuth {
  readonly user: string;
  readonly password: string;
}

const { METHODS } = messages;

export class EtcdClient {
  readonly #channel: Channel;
  readonly #auth: EtcdAuth | undefined;
  #token: string | null = null;

  constructor(endpoints: Endpoints, tls: EtcdTls | undefined, auth: EtcdAuth | undefined) {
    this.#channel = new Channel(endpoints, tls);
    this.#auth = auth;
  }

  /**
   * Creates the lease. Returns the time to live in seconds.
   *
   * If a lease with this id already exists, because the response to an earlier request was lost,
   * extends it instead.
   */
  async grant(leaseId: bigint, ttlSeconds: number, signal: AbortSignal): Promise<number> {
    try {
      return messages.grantedTtl(await this.#call(METHODS.grant, messages.grantRequest(leaseId, ttlSeconds), signal));
    } catch (error) {
      if (!isStatus(error, STATUS.failedPrecondition)) throw error;
      return (await this.keepAlive(leaseId, signal)).ttlSeconds;
    }
  }

  /**
   * Extends the lease.
   *
   * @throws {ClaimGone} if the lease does not exist
   */
  async keepAlive(leaseId: bigint, signal: AbortSignal) {
    const extended = messages.readKeepAlive(
      await this.#call(METHODS.keepAlive, messages.leaseRequest(leaseId), signal),
    );
    if (extended.ttlSeconds <= 0) throw new ClaimGone(`lease ${leaseId.toString(16)} does not exist`);
    return extended;
  }

  /** Ends the lease and deletes its keys. Also resolves if the lease does not exist. */
  async revoke(leaseId: bigint, signal: AbortSignal): Promise<void> {
    try {
      await this.#call(METHODS.revoke, messages.leaseRequest(leaseId), signal);
    } catch (error) {
      if (!isStatus(error, STATUS.notFound)) throw error;
    }
  }

  async range(request: Buffer, signal: AbortSignal): Promise<messages.RangeResult> {
    return messages.readRange(await this.#call(METHODS.range, request, signal));
  }

  /** Creates `key` if it does not exist. Also reads the first key of the queue. */
  async join(key: string, value: string, leaseId: bigint, prefix: string, signal: AbortSignal) {
    const request = messages.joinRequest(key, value, leaseId, prefix);
    return messages.readJoin(await this.#call(METHODS.txn, request, signal));
  }

  /**
   * Resolves when `key` is deleted at `startRevision` or later. Rejects if the watch ends for any
   * other reason.
   */
  async watchDeleted(key: string, startRevision: bigint, signal: AbortSignal): Promise<void> {
    const request = messages.watchRequest(key, startRevision);
    await this.#authenticated(signal, (metadata) =>
      this.#channel.stream(METHODS.watch, request, signal, metadata, (response) => {
        const { deleted, canceled } = messages.readWatch(response);
        if (canceled !== null) throw new Error(canceled);
        return deleted;
      }),
    );
  }

  /** Reads the status of the member at the current endpoint, even if the member has no leader. */
  async status(signal: AbortSignal) {
    const empty = Buffer.alloc(0);
    return messages.readStatus(await this.#call(METHODS.status, empty, signal, { hasleader: 'false' }));
  }

  unref(): void {
    this.#channel.unref();
  }

  destroy(): void {
    this.#channel.destroy();
  }

  #call(method: string, message: Buffer, signal: AbortSignal, metadata?: Metadata): Promise<Buffer> {
    return this.#authenticated(signal, (token) =>
      this.#channel.unary(method, message, signal, { ...token, ...metadata }),
    );
  }

  async #authenticated<T>(signal: AbortSignal, call: (metadata: Metadata) => Promise<T>): Promise<T> {
    try {
      return await this.#withToken(signal, call);
    } catch (error) {
      throw refusal(error) ?? error;
    }
  }

  /**
   * Runs `call` with an authentication token. If etcd refuses a token from an earlier call, gets a
   * new token and retries once, because tokens expire (by default after 5 minutes).
   */
  async #withToken<T>(signal: AbortSignal, call: (metadata: Metadata) => Promise<T>): Promise<T> {
    if (this.#auth === undefined) return call({});
    const known = this.#token;
    this.#token ??= await this.#authenticate(this.#auth, signal);
    try {
      return await call({ token: this.#token });
    } catch (error) {
      if (known === null || !isStatus(error, STATUS.unauthenticated)) throw error;
      this.#token = await this.#authenticate(this.#auth, signal);
      return call({ token: this.#token });
    }
  }

  async #authenticate({ user, password }: EtcdAuth, signal: AbortSignal): Promise<string> {
    const request = messages.authenticateRequest(user, password);
    return messages.readToken(await this.#channel.unary(METHODS.authenticate, request, signal));
  }
}

/** Returns an error if retrying is pointless, whether later or at another endpoint. */
function refusal(error: unknown): Error | null {
  if (isStatus(error, STATUS.permissionDenied))
    return new Unsuitable(
      `${(error as Error).message}. Grant the user's role access to the keys of the lock: etcdctl role grant-permission ROLE readwrite --prefix=true PREFIX`,
      { cause: error },
    );
  const rejected = isStatus(error, STATUS.unauthenticated) || isStatus(error, STATUS.invalidArgument);
  return rejected ? new Unsuitable((error as Error).message, { cause: error }) : null;
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof GrpcError && error.status === status;
}
