// The part of gRPC over HTTP/2 that etcd's API needs (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md).
// Uses one connection at a time and tries the endpoints in turn.
// docs/decisions/0020-cluster-locks.md compares this client with @grpc/grpc-js and Connect.
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type { SecureContextOptions } from 'node:tls';
import { loadHttp2 } from '../../../native/builtins.js';
import { CallTimeout } from '../../bounded-call.js';

/**
 * Certificates as text or bytes, in the form that node:tls accepts.
 *
 * @example
 * import { readFileSync } from 'node:fs';
 *
 * const tls: EtcdTls = { ca: readFileSync('ca.pem'), servername: 'etcd.example' };
 * const engine = etcdEngine({ endpoints: ['https://10.0.0.1:2379'], tls });
 */
export interface EtcdTls extends Pick<SecureContextOptions, 'ca' | 'cert' | 'key' | 'passphrase'> {
  /**
   * Host name expected in the server's certificate.
   *
   * @default the host name of the endpoint
   */
  readonly servername?: string | undefined;
}

/** Status codes of gRPC (github.com/grpc/grpc, doc/statuscodes.md). */
export const STATUS = {
  ok: 0,
  invalidArgument: 3,
  notFound: 5,
  permissionDenied: 7,
  failedPrecondition: 9,
  unimplemented: 12,
  unauthenticated: 16,
} as const;

/** A response with a gRPC status other than OK. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * The endpoints of an engine. All of its channels share this object, so that a new channel starts
 * with an endpoint that works.
 */
export class Endpoints {
  readonly urls: readonly string[];
  #current = 0;

  constructor(urls: readonly string[]) {
    this.urls = urls;
  }

  get current(): string {
    return this.urls[this.#current]!;
  }

  /** Moves on to the next endpoint, unless another channel has already done so. */
  failed(url: string): void {
    if (url === this.current) this.#current = (this.#current + 1) % this.urls.length;
  }
}

/** A connection that moves on to the next endpoint when it fails. */
export class Channel {
  readonly #endpoints: Endpoints;
  readonly #tls: EtcdTls | undefined;
  #session: ClientHttp2Session | null = null;
  #url = '';
  #background = false;
  #destroyed = false;

  constructor(endpoints: Endpoints, tls: EtcdTls | undefined) {
    this.#endpoints = endpoints;
    this.#tls = tls;
  }

  /** Sends one request and returns the response. */
  async unary(method: string, message: Buffer, signal: AbortSignal, metadata: Metadata = {}): Promise<Buffer> {
    let response: Buffer | undefined;
    await this.#exchange(
      method,
      metadata,
      signal,
      (stream) => stream.end(frame(message)),
      (bytes) => {
        response = bytes;
        return false;
      },
    );
    if (response === undefined)
      throw new GrpcError(STATUS.unimplemented, `${this.#url} responded to ${method} without a message`);
    return response;
  }

  /**
   * Sends one request and reads responses until `isLast` returns true. Rejects if the server ends
   * the stream first.
   */
  async stream(
    method: string,
    message: Buffer,
    signal: AbortSignal,
    metadata: Metadata,
    isLast: (response: Buffer) => boolean,
  ): Promise<void> {
    const done = await this.#exchange(method, metadata, signal, (stream) => stream.write(frame(message)), isLast);
    if (!done) throw new Error(`${this.#url} ended the stream of ${method}`);
  }

  /** Allows the process to end while the connection is open. */
  unref(): void {
    this.#background = true;
    this.#session?.unref();
  }

  destroy(): void {
    this.#destroyed = true;
    this.#drop();
  }

  /**
   * Sends a request and reads the responses. Resolves with true if `isLast` returned true. After a
   * timeout or a connection failure, the next request uses the next endpoint.
   */
  async #exchange(
    method: string,
    metadata: Metadata,
    signal: AbortSignal,
    send: (stream: ClientHttp2Stream) => void,
    isLast: (response: Buffer) => boolean,
  ): Promise<boolean> {
    signal.throwIfAborted();
    const session = this.#connect();
    const url = this.#url;
    try {
      return await new Promise<boolean>((resolve, reject) => {
        const stream = session.request({ ...HEADERS, ...metadata, ':path': method });
        const abort = () => {
          cancel(stream);
          reject(signal.reason);
        };
        signal.addEventListener('abort', abort, { once: true });
        stream.on('close', () => signal.removeEventListener('abort', abort));
        readResponses(stream, isLast, resolve, reject);
        send(stream);
      });
    } catch (error) {
      if (isConnectionFault(error, signal)) this.#fail(session, url);
      throw describe(error, url);
    }
  }

  #connect(): ClientHttp2Session {
    if (this.#destroyed) throw new Error('the connection is closed');
    if (this.#session !== null && !this.#session.closed && !this.#session.destroyed) return this.#session;
    this.#url = this.#endpoints.current;
    const session = loadHttp2().connect(this.#url, { ...this.#tls });
    // Ignored, because each request reports the failure of its connection.
    session.on('error', () => {});
    if (this.#background) session.unref();
    this.#session = session;
    return session;
  }

  #fail(session: ClientHttp2Session, url: string): void {
    this.#endpoints.failed(url);
    if (session === this.#session) this.#drop();
  }

  #drop(): void {
    const session = this.#session;
    this.#session = null;
    // destroy(), because close() would still deliver the bytes in the kernel's buffers when a
    // network partition ends.
    session?.destroy();
  }
}

/** Additional headers of a request. */
export type Metadata = Readonly<Record<string, string>>;

/**
 * The header `hasleader` makes a member without a leader refuse the request at once, instead of
 * waiting for an election.
 */
const HEADERS = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers', hasleader: 'true' };

/** Returns the uncompressed message with gRPC's length prefix. */
function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Splits the stream into messages, until `isLast` returns true or the stream ends. */
function readResponses(
  stream: ClientHttp2Stream,
  isLast: (response: Buffer) => boolean,
  resolve: (done: boolean) => void,
  reject: (error: unknown) => void,
): void {
  let pending = Buffer.alloc(0);
  let status: GrpcError | boolean | null = null;
  const read = (headers: IncomingHttpHeaders) => {
    status = statusOf(headers) ?? status;
  };
  stream.on('response', read);
  stream.on('trailers', read);
  stream.on('error', reject);
  stream.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let size = frameSize(pending); size <= pending.length; size = frameSize(pending)) {
      if (isLast(pending.subarray(5, size))) {
        resolve(true);
        cancel(stream);
        return;
      }
      pending = pending.subarray(size);
    }
  });
  stream.on('close', () => {
    if (status instanceof GrpcError) reject(status);
    else if (status === null) reject(new Error('the connection was closed'));
    else resolve(false);
  });
}

/**
 * Returns the size of the first frame in bytes. If the frame is incomplete, this is larger than the
 * buffer.
 */
function frameSize(pending: Buffer): number {
  return pending.length < 5 ? 5 : 5 + pending.readUInt32BE(1);
}

/**
 * Returns true for the status OK, an error for any other status, and null if the headers contain no
 * status.
 */
function statusOf(headers: IncomingHttpHeaders): GrpcError | true | null {
  const http = headers[':status'];
  const status = headers['grpc-status'];
  if (status === undefined) return http === undefined || String(http) === '200' ? null : notGrpc(`HTTP ${http}`);
  if (Number(status) === STATUS.ok) return true;
  return new GrpcError(Number(status), decodeURIComponent(String(headers['grpc-message'] ?? `gRPC status ${status}`)));
}

function notGrpc(what: string): GrpcError {
  return new GrpcError(STATUS.unimplemented, `not an etcd server: ${what}`);
}

function cancel(stream: ClientHttp2Stream): void {
  stream.close(loadHttp2().constants.NGHTTP2_CANCEL);
}

/**
 * Returns true if another endpoint may succeed: the connection or the server failed, not the
 * caller's signal.
 */
function isConnectionFault(error: unknown, signal: AbortSignal): boolean {
  if (error instanceof GrpcError) return isServerFault(error);
  return !signal.aborted || signal.reason instanceof CallTimeout;
}

function isServerFault(error: GrpcError): boolean {
  const { invalidArgument, notFound, permissionDenied, failedPrecondition, unauthenticated } = STATUS;
  return ![invalidArgument, notFound, permissionDenied, failedPrecondition, unauthenticated].includes(
    error.status as never,
  );
}

function describe(error: unknown, url: string): unknown {
  if (error instanceof GrpcError) return error;
  return new Error(`${url}: ${(error as Error).message}`, { cause: error });
}
