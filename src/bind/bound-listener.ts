// A bound, listening socket that waits for a server of Node's to adopt it.
import { createServer, isIPv6, Server, type Socket } from 'node:net';
import { checkTimeout, invalidType } from '../arguments.js';
import type { ListenerHandle } from '../native/binding.js';

export interface BoundAddress {
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly port: number;
}

export interface CloseOptions {
  /** Milliseconds that open connections get to end by themselves; then they are cut. @default 5000 */
  readonly graceMs?: number;
}

export class BoundListener {
  readonly address: BoundAddress;
  /** Whether the system guarantees that nobody else can listen on this address and port. */
  readonly exclusive = true;
  readonly #handles: readonly ListenerHandle[];
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Socket>();
  #state: 'open' | 'adopted' | 'closed' = 'open';

  /** @internal */
  constructor(handles: readonly ListenerHandle[]) {
    const { address, port } = handles[0]!;
    this.address = { address, family: isIPv6(address) ? 'IPv6' : 'IPv4', port };
    this.#handles = handles;
  }

  /**
   * Hands the socket to `server` (net, tls, http or https; for `ws` give it to the http server), which
   * then accepts its connections and owns its descriptor. Resolves once the server listens.
   *
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`; {Error} `ERR_INVALID_STATE` when the listener is closed or
   *   has a server already; `ERR_SERVER_ALREADY_LISTEN` from Node
   */
  async listen(server: Server): Promise<void> {
    if (!(server instanceof Server)) throw invalidType('server', 'a net.Server', server);
    if (this.#state !== 'open') throw this.#stateError();
    this.#state = 'adopted';
    server.on('connection', (socket: Socket) => this.#track(socket));
    try {
      await this.#adoptAll(server);
    } catch (error) {
      await this.close({ graceMs: 0 });
      throw error;
    }
  }

  /**
   * Stops listening at once, waits for the open connections up to `graceMs`, then cuts them. Does
   * nothing when closed already.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const graceMs = checkTimeout('graceMs', options.graceMs ?? 5000);
    this.#state = 'closed';
    for (const handle of this.#handles) handle.close();
    const cut = setTimeout(() => this.#cutConnections(), Math.min(graceMs, 0x7fffffff));
    await Promise.all(this.#servers.splice(0).map(closeServer));
    clearTimeout(cut);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The server gets the first socket. Connections of the second loopback are passed on to it. */
  async #adoptAll(server: Server): Promise<void> {
    const [first, second] = this.#handles;
    await adopt(server, first!);
    this.#servers.push(server);
    if (second === undefined) return;
    const { allowHalfOpen, pauseOnConnect } = server as Server & { allowHalfOpen: boolean; pauseOnConnect: boolean };
    const relay = createServer({ allowHalfOpen, pauseOnConnect }, (socket) => server.emit('connection', socket));
    await adopt(relay, second);
    this.#servers.push(relay);
    server.once('close', () => relay.close());
  }

  #track(socket: Socket): void {
    this.#connections.add(socket);
    socket.once('close', () => this.#connections.delete(socket));
  }

  #cutConnections(): void {
    for (const socket of this.#connections) socket.destroy();
  }

  #stateError(): Error {
    const { address, port } = this.address;
    const what = this.#state === 'closed' ? 'is closed' : 'serves another server already';
    return Object.assign(new Error(`the listener of ${address}:${port} ${what}`), { code: 'ERR_INVALID_STATE' });
  }
}

/** exclusive: in a cluster worker, too, the descriptor is this process's own. */
function adopt(server: Server, handle: ListenerHandle): Promise<void> {
  return new Promise((resolve, reject) => {
    const onListening = () => {
      server.off('error', reject);
      handle.detach();
      resolve();
    };
    server.once('error', reject);
    server.once('listening', onListening);
    try {
      server.listen({ fd: handle.fd, exclusive: true });
    } catch (error) {
      server.off('error', reject);
      server.off('listening', onListening);
      reject(error);
    }
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // The callback's only error is "not running": somebody closed it before, as we want it.
    server.close(() => resolve());
    const { closeIdleConnections } = server as Server & { closeIdleConnections?: () => void };
    closeIdleConnections?.call(server);
  });
}
