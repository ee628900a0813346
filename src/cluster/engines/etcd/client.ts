// The requests of a lock, over one channel: authentication, and what a refusal means.
import { Unsuitable } from '../../cluster-error.js';
import { ClaimGone } from '../../driver.js';
import { Channel, type Endpoints, type EtcdTls, GrpcError, type Metadata, STATUS } from './channel.js';
import * as messages from './messages.js';

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

  /** Seconds. A lease with this id that exists already is one that an earlier, unanswered request has made. */
  async grant(leaseId: bigint, ttlSeconds: number, signal: AbortSignal): Promise<number> {
    try {
      return messages.grantedTtl(await this.#call(METHODS.grant, messages.grantRequest(leaseId, ttlSeconds), signal));
    } catch (error) {
      if (!isStatus(error, STATUS.failedPrecondition)) throw error;
      return (await this.keepAlive(leaseId, signal)).ttlSeconds;
    }
  }

  /** @throws {ClaimGone} if the lease does not exist */
  async keepAlive(leaseId: bigint, signal: AbortSignal) {
    const answer = messages.readKeepAlive(await this.#call(METHODS.keepAlive, messages.leaseRequest(leaseId), signal));
    if (answer.ttlSeconds <= 0) throw new ClaimGone(`lease ${leaseId.toString(16)} does not exist`);
    return answer;
  }

  /** Resolves also if the lease does not exist. */
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

  async join(key: string, value: string, leaseId: bigint, prefix: string, signal: AbortSignal) {
    const request = messages.joinRequest(key, value, leaseId, prefix);
    return messages.readJoin(await this.#call(METHODS.txn, request, signal));
  }

  /** Resolves when `key` is deleted at `startRevision` or later; rejects when the watch ends for another reason. */
  async watchDeleted(key: string, startRevision: bigint, signal: AbortSignal): Promise<void> {
    const request = messages.watchRequest(key, startRevision);
    await this.#authenticated(signal, (metadata) =>
      this.#channel.stream(METHODS.watch, request, signal, metadata, (answer) => {
        const { deleted, canceled } = messages.readWatch(answer);
        if (canceled !== null) throw new Error(canceled);
        return deleted;
      }),
    );
  }

  /** Of the member at the current endpoint, even if it has no leader. */
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

  /** A token lives 5 minutes by default, so a refused one is replaced once. */
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

/** No other endpoint and no later time would answer otherwise. */
function refusal(error: unknown): Error | null {
  if (isStatus(error, STATUS.permissionDenied))
    return new Unsuitable(
      `${(error as Error).message}. Grant the role of this user the keys of the lock: etcdctl role grant-permission ROLE readwrite --prefix=true PREFIX`,
      { cause: error },
    );
  const rejected = isStatus(error, STATUS.unauthenticated) || isStatus(error, STATUS.invalidArgument);
  return rejected ? new Unsuitable((error as Error).message, { cause: error }) : null;
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof GrpcError && error.status === status;
}
