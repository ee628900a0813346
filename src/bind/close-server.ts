// Closes servers gracefully: stops listening, waits for open connections to end, then destroys the
// rest.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import { MAX_TIMER_MS } from '../clock.js';

interface HttpLike extends Server {
  closeIdleConnections?: () => void;
  closeAllConnections?: () => void;
}

/** The servers on the sockets of one listener, and their open connections. */
export class ServerGroup {
  readonly #servers = new Set<HttpLike>();
  readonly #connections = new Set<Socket>();
  #closing: Closing | undefined;

  /** Tracks the connections of a server, so that {@link close} can destroy them. */
  track(server: Server): void {
    if (!server.listeners('connection').includes(this.#track)) server.on('connection', this.#track);
  }

  add(server: Server): void {
    this.#servers.add(server);
  }

  /**
   * Closes the servers, and destroys the connections that are still open after `graceMs`
   * milliseconds. A second call can shorten the grace period. Resolves early if the servers are
   * {@link reopen}ed.
   */
  async close(graceMs: number): Promise<void> {
    if (this.#servers.size === 0) return;
    this.#closing ??= new Closing(this.#servers);
    const timer = setTimeout(() => this.#destroyConnections(), Math.min(graceMs, MAX_TIMER_MS));
    const closed = await this.#closing.closed;
    clearTimeout(timer);
    if (closed) for (const server of this.#servers) server.off('connection', this.#track);
  }

  /**
   * Ends a {@link close} early, so that the servers can listen again. Open connections stay open.
   */
  reopen(): void {
    this.#closing?.cancel();
    this.#closing = undefined;
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

/**
 * The interval in milliseconds of the check for idle connections. A kept-alive connection becomes
 * idle after its last response.
 */
const IDLE_CHECK_MS = 50;

/** The graceful close of several servers. */
class Closing {
  /** Resolves with true when the servers have closed, and with false after {@link cancel}. */
  readonly closed: Promise<boolean>;
  readonly #endings: (() => void)[] = [];
  #cancelled = false;

  constructor(servers: Iterable<HttpLike>) {
    this.closed = Promise.all([...servers].map((server) => this.#close(server))).then(() => !this.#cancelled);
  }

  cancel(): void {
    this.#cancelled = true;
    for (const end of this.#endings) end();
  }

  #close(server: HttpLike): Promise<void> {
    return new Promise((resolve) => {
      const timer = setInterval(() => server.closeIdleConnections?.(), IDLE_CHECK_MS);
      const end = () => {
        clearInterval(timer);
        server.off('close', end);
        server.off('request', endAfterResponse);
        resolve();
      };
      this.#endings.push(end);
      server.prependListener('request', endAfterResponse);
      // A server that is not running emits 'close', too.
      server.on('close', end);
      server.close();
      server.closeIdleConnections?.();
    });
  }
}

/**
 * Tells an HTTP/1 client that its connection ends, so that it does not send a further request on
 * the connection while the server closes it.
 */
function endAfterResponse(request: IncomingMessage, response: ServerResponse): void {
  if (request.httpVersionMajor === 1 && !response.headersSent) response.setHeader('connection', 'close');
}
