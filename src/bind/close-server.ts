// Closes servers gracefully: stops listening, lets the program drain, waits for open connections to
// end, then destroys the rest.
import type { Server, Socket } from 'node:net';
import { checkFunction, checkTimeout } from '../arguments.js';
import { MAX_TIMER_MS } from '../clock.js';

export interface CloseOptions {
  /**
   * The program's own step of closing. It is called as soon as no new connection is accepted, and
   * before the grace period begins. It can tell clients that the gateway is going away (WebSocket
   * close code 1001, http2 `session.close()`), finish work and write state: the locks stay held
   * until its promise settles, however long that takes. If it fails, the rest of `close()` is still
   * done, then `close()` rejects with its error. Only the first `drain` that `close()` receives is
   * called; every `close()` waits for it.
   */
  readonly drain?: (() => unknown) | undefined;
  /**
   * Milliseconds to wait for open connections to end before they are destroyed. With `drain`, they
   * count from its end.
   *
   * @default 5000
   */
  readonly graceMs?: number | undefined;
}

interface CheckedCloseOptions extends CloseOptions {
  readonly graceMs: number;
}

/** @throws {TypeError | RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE` */
export function checkCloseOptions({ drain, graceMs = 5000 }: CloseOptions): CheckedCloseOptions {
  return { drain: checkFunction('drain', drain), graceMs: checkTimeout('graceMs', graceMs) };
}

interface HttpLike extends Server {
  closeIdleConnections?: () => void;
  closeAllConnections?: () => void;
}

/** The servers on the sockets of one listener, and their open connections. */
export class ServerGroup {
  readonly #servers: HttpLike[] = [];
  readonly #connections = new Set<Socket>();
  #closing: Promise<unknown> | undefined;
  #drained: Promise<void> | undefined;

  /** Tracks the connections of a server, so that {@link close} can destroy them. */
  track(server: Server): void {
    server.on('connection', this.#track);
  }

  add(server: Server): void {
    this.#servers.push(server);
  }

  /**
   * Stops listening, waits for `drain`, then up to `graceMs` milliseconds for the open connections
   * to end, and destroys the rest. A second call waits for the first one and its `drain`; its own
   * `graceMs` counts from the call, so that it can shorten the wait.
   *
   * @throws the error of `drain`, once everything is closed
   */
  async close({ drain, graceMs }: CheckedCloseOptions): Promise<void> {
    this.#closing ??= Promise.all(this.#servers.map(closeServer));
    try {
      if (drain !== undefined && this.#drained === undefined) {
        this.#drained = run(drain);
        await this.#drained;
      }
    } finally {
      await this.#end(graceMs);
    }
  }

  async #end(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#destroyConnections(), Math.min(graceMs, MAX_TIMER_MS));
    await this.#closing;
    clearTimeout(timer);
    for (const server of this.#servers) server.off('connection', this.#track);
    // Another call may have passed a `drain` in the meantime. Its error is reported by that call.
    await this.#drained?.catch(() => {});
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

async function run(drain: () => unknown): Promise<void> {
  await drain();
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
