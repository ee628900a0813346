// Closes servers gracefully: stops listening, waits for open connections to end, then destroys the
// rest.
import type { Server, Socket } from 'node:net';
import { MAX_TIMER_MS } from '../clock.js';

interface HttpLike extends Server {
  closeIdleConnections?: () => void;
  closeAllConnections?: () => void;
}

/** The servers on the sockets of one listener, and their open connections. */
export class ServerGroup {
  readonly #servers: HttpLike[] = [];
  readonly #connections = new Set<Socket>();
  #closing: Promise<unknown> | undefined;

  /** Tracks the connections of a server, so that {@link close} can destroy them. */
  track(server: Server): void {
    server.on('connection', this.#track);
  }

  add(server: Server): void {
    this.#servers.push(server);
  }

  /**
   * Closes the servers, and destroys the connections that are still open after `graceMs`
   * milliseconds. A second call can shorten the grace period.
   */
  async close(graceMs: number): Promise<void> {
    if (this.#servers.length === 0) return;
    this.#closing ??= Promise.all(this.#servers.map(closeServer));
    const timer = setTimeout(() => this.#destroyConnections(), Math.min(graceMs, MAX_TIMER_MS));
    await this.#closing;
    clearTimeout(timer);
    for (const server of this.#servers) server.off('connection', this.#track);
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

function closeServer(server: HttpLike): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => server.closeIdleConnections?.(), IDLE_CHECK_MS);
    // close() reports an error only if the server is not running, which is not a failure.
    server.close(() => {
      clearInterval(timer);
      resolve();
    });
    server.closeIdleConnections?.();
  });
}
