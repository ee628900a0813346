// Closes servers gracefully: stops listening, lets the program drain while open connections end,
// then destroys the rest.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import { checkFunction, checkOptions, checkTimeout, type OptionNames } from '../arguments.js';
import { MAX_TIMER_MS } from '../clock.js';

/**
 * A program's own step of closing. `connectionsEnded` resolves when the last connection has ended.
 *
 * @example
 * const drain: Drain = async (connectionsEnded) => {
 *   console.log('no new clients');
 *   await connectionsEnded;
 *   console.log('the last client has left');
 * };
 * await (await acquireGatewayLock()).close({ drain });
 */
export type Drain = (connectionsEnded: Promise<void>) => unknown;

/**
 * Options of `close()`.
 *
 * @example
 * const lock = await acquireGatewayLock();
 * await lock.close({ drain: () => console.log('saying goodbye'), graceMs: 1000 });
 */
export interface CloseOptions {
  /**
   * The program's own step of closing, called as soon as no new connection is accepted. It can tell
   * clients that the gateway is going away (WebSocket close code 1001, http2 `session.close()`),
   * finish work and write state: the locks stay held until its promise settles, however long that
   * takes. `connectionsEnded` resolves when the last connection has ended, at the latest after
   * `graceMs`. If `drain` fails, the rest of `close()` is still done, then `close()` rejects with
   * its error. Only the first `drain` that `close()` receives is called; every `close()` waits for
   * it.
   */
  readonly drain?: Drain | undefined;
  /**
   * Milliseconds to wait for open connections to end before they are destroyed.
   *
   * @default 5000
   */
  readonly graceMs?: number | undefined;
}

const OPTIONS: OptionNames<CloseOptions> = { drain: true, graceMs: true };

interface CheckedCloseOptions extends CloseOptions {
  readonly graceMs: number;
}

/** @throws {TypeError | RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE` */
export function checkCloseOptions(options: CloseOptions): CheckedCloseOptions {
  checkOptions(options, OPTIONS);
  const { drain, graceMs = 5000 } = options;
  return { drain: checkFunction('drain', drain), graceMs: checkTimeout('graceMs', graceMs) };
}

interface HttpLike extends Server {
  closeIdleConnections?: () => void;
  closeAllConnections?: () => void;
}

/** A TLS server emits the second one too, with the socket that carries the decrypted bytes. */
const CONNECTION_EVENTS = ['connection', 'secureConnection'];

/** The servers on the sockets of one listener, and their open connections. */
export class ServerGroup {
  readonly #servers = new Set<HttpLike>();
  readonly #connections = new Set<Socket>();
  #closing: Closing | undefined;
  #drained: Promise<void> | undefined;

  /** Tracks the connections of a server, so that {@link close} can destroy them. */
  track(server: Server): void {
    if (server.listeners('connection').includes(this.#track)) return;
    for (const event of CONNECTION_EVENTS) server.on(event, this.#track);
  }

  add(server: Server): void {
    this.#servers.add(server);
  }

  /**
   * Stops listening, calls `drain`, waits up to `graceMs` milliseconds for the open connections to
   * end, destroys the rest, and waits for `drain`. A second call waits for the first one and its
   * `drain`; its own `graceMs` counts from the call, so that it can shorten the wait. Resolves early
   * if the servers are {@link reopen}ed.
   *
   * @throws the error of `drain`, once everything is closed
   */
  async close({ drain, graceMs }: CheckedCloseOptions): Promise<void> {
    if (this.#servers.size > 0) this.#closing ??= new Closing(this.#servers, this.#connections);
    const connectionsEnded = this.#end(graceMs);
    const isFirst = drain !== undefined && this.#drained === undefined;
    if (isFirst) this.#drained = run(drain, connectionsEnded);
    // Another call may pass a `drain` before the connections end. Its error is reported by that call.
    const [, drained] = await Promise.allSettled([connectionsEnded, this.#drained]);
    if (!isFirst) await this.#drained?.catch(() => {});
    else if (drained.status === 'rejected') throw drained.reason;
  }

  async #end(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#destroyConnections(), Math.min(graceMs, MAX_TIMER_MS));
    const closed = await this.#closing?.closed;
    clearTimeout(timer);
    if (!closed) return;
    for (const server of this.#servers) for (const event of CONNECTION_EVENTS) server.off(event, this.#track);
  }

  /**
   * Ends a {@link close} early, so that the servers can listen again. Open connections stay open.
   */
  reopen(): void {
    this.#closing?.cancel();
    this.#closing = undefined;
    this.#drained = undefined;
    this.#servers.clear();
  }

  readonly #track = (socket: Socket): void => {
    this.#connections.add(socket);
    socket.once('close', () => this.#connections.delete(socket));
  };

  #destroyConnections(): void {
    for (const socket of this.#connections) socket.destroy();
    for (const server of this.#servers) server.closeAllConnections?.();
  }
}

async function run(drain: Drain, connectionsEnded: Promise<void>): Promise<void> {
  await drain(connectionsEnded);
}

/**
 * The interval in milliseconds of the check for idle connections. A kept-alive connection becomes
 * idle after its last response.
 */
const IDLE_CHECK_MS = 50;

/** The graceful close of several servers. */
class Closing {
  /** Resolves with true when the servers have closed, and with false after {@link cancel}. */
  readonly closed: Promise<boolean>;
  readonly #connections: Iterable<Socket>;
  readonly #endings: (() => void)[] = [];
  #cancelled = false;

  constructor(servers: Iterable<HttpLike>, connections: Iterable<Socket>) {
    this.#connections = connections;
    this.closed = Promise.all([...servers].map((server) => this.#close(server))).then(() => !this.#cancelled);
  }

  cancel(): void {
    this.#cancelled = true;
    for (const end of this.#endings) end();
  }

  #close(server: HttpLike): Promise<void> {
    return new Promise((resolve) => {
      const closeIdle = () => server.closeIdleConnections?.();
      const timer = setInterval(() => keepSilent(this.#connections, closeIdle), IDLE_CHECK_MS);
      const end = () => {
        clearInterval(timer);
        server.off('close', end);
        server.off('request', endAfterResponse);
        resolve();
      };
      this.#endings.push(end);
      server.prependListener('request', endAfterResponse);
      // Also calls back for a server that is not running, for which Bun emits no 'close'.
      keepSilent(this.#connections, () => server.close(end));
      keepSilent(this.#connections, closeIdle);
    });
  }
}

/**
 * Calls `close`, which closes the idle connections of a server, and keeps those on which no byte has
 * arrived. Node 26 counts them as idle, but their first request may be on its way: the client would
 * see a reset.
 */
function keepSilent(connections: Iterable<Socket>, close: () => void): void {
  const silent = [...connections].filter(({ bytesRead }) => bytesRead === 0);
  for (const socket of silent) socket.destroy = () => socket;
  try {
    close();
  } finally {
    for (const socket of silent) Reflect.deleteProperty(socket, 'destroy');
  }
}

/**
 * Tells an HTTP/1 client that its connection ends, so that it does not send a further request on
 * the connection while the server closes it.
 */
function endAfterResponse(request: IncomingMessage, response: ServerResponse): void {
  if (request.httpVersionMajor === 1 && !response.headersSent) response.setHeader('connection', 'close');
}
