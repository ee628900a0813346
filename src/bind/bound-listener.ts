// A bound, listening socket that waits for a server of Node's to adopt it.
import type { Server, ServerOpts, Socket } from 'node:net';
import { checkTimeout, invalidType } from '../arguments.js';
import { isIPv6, isNoAddress } from '../endpoint.js';
import { adoptionOf, canAdopt } from '../native/adoption.js';
import type { ListenerId } from '../native/binding.js';
import { native } from '../native/load.js';
import { addressesToGuard } from '../native/port-rules.js';
import { programsInherit } from '../native/programs.js';

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
  /**
   * Whether the system guarantees that nobody else can listen on this address and port, also once a server has
   * the socket. False only in a runtime on Windows, or a Deno, whose servers cannot take one: theirs is a plain one then.
   */
  readonly exclusive: boolean = canAdopt();
  #ids: readonly ListenerId[];
  readonly #backlog: number;
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Socket>();
  #state: 'open' | 'adopted' | 'closed' = 'open';
  #closing: Promise<unknown> | undefined;

  /** @internal */
  constructor(ids: readonly ListenerId[], where: { address: string; port: number; backlog: number }) {
    const { address, port, backlog } = where;
    this.address = { address, family: isIPv6(address) ? 'IPv6' : 'IPv4', port };
    this.#ids = ids;
    this.#backlog = backlog;
  }

  /**
   * The descriptors, for a child that shall inherit the socket: two for `localhost`, else one. Empty once a
   * server has it, or it is closed; and on Windows, where no child can have it.
   */
  get fds(): readonly number[] {
    return this.#state === 'open' && programsInherit ? this.#ids.map((id) => native().socketOf(id)) : [];
  }

  /**
   * Hands the socket to `server` (net, tls, http or https; for `ws` give it to the http server), which
   * then accepts its connections and owns its descriptor. Resolves once the server listens. On macOS a server
   * on a wildcard listens on each loopback address as well, because another server could take those from it.
   *
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`; {Error} `ERR_INVALID_STATE` when the listener is closed or
   *   has a server already; `ERR_SERVER_ALREADY_LISTEN` when that server listens elsewhere, and then
   *   another one may be given; the system's EADDRINUSE when another server has taken a loopback address from
   *   the wildcard (macOS)
   */
  async listen(server: Server): Promise<void> {
    if (!(server instanceof net().Server)) throw invalidType('server', 'a net.Server', server);
    if (this.#state !== 'open') throw this.#stateError();
    if (server.listening) throw alreadyListening();
    this.#state = 'adopted';
    server.on('connection', this.#track);
    try {
      this.#ids = [...this.#ids, ...this.#guard()];
      await this.#adoptAll(server);
    } catch (error) {
      await this.close({ graceMs: 0 });
      throw error;
    }
  }

  /**
   * Stops listening at once, waits for the open connections up to `graceMs`, then cuts them. Called
   * again, it waits for the same end; a shorter grace counts.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const graceMs = checkTimeout('graceMs', options.graceMs ?? 5000);
    this.#state = 'closed';
    for (const id of this.#ids) native().closeListener(id);
    if (this.#servers.length === 0) return;
    this.#closing ??= Promise.all(this.#servers.map(closeServer));
    const cut = setTimeout(() => this.#cutConnections(), Math.min(graceMs, MAX_TIMER_MS));
    await this.#closing;
    clearTimeout(cut);
    for (const server of this.#servers) server.off('connection', this.#track);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Only for a server of this process: a program that inherits the socket accepts on the first descriptor alone, usually. */
  #guard(): ListenerId[] {
    const { address, port } = this.address;
    const guards: ListenerId[] = [];
    for (const loopback of addressesToGuard(address)) {
      try {
        guards.push(native().listenBeside(loopback, port, this.#backlog));
      } catch (error) {
        if (isNoAddress(error)) continue;
        for (const id of guards) native().closeListener(id);
        throw error;
      }
    }
    return guards;
  }

  /** The server gets the first socket. Connections of the others are passed on to it. */
  async #adoptAll(server: Server): Promise<void> {
    const [first, ...others] = this.#ids;
    await this.#adopt(server, first!);
    for (const id of others) {
      if (this.#state === 'closed') return;
      await this.#adopt(relayTo(server), id);
    }
  }

  #adopt(server: Server, id: ListenerId): Promise<void> {
    const adoption = adoptionOf(id);
    this.#servers.push(server);
    const listening = listeningOf(
      server,
      Object.assign(new Error('the listener was closed'), { code: 'ERR_INVALID_STATE' }),
    );
    try {
      // Not an overridden listen(), which could put it off, and nobody would own the descriptor.
      (net().Server.prototype.listen as ListenOnHandle).call(server, adoption.target, this.#backlog);
    } catch (error) {
      adoption.close();
      listening.catch(() => {}); // it may still hear of an end that nobody waits for
      throw error;
    }
    return listening;
  }

  readonly #track = (socket: Socket): void => {
    this.#connections.add(socket);
    socket.once('close', () => this.#connections.delete(socket));
  };

  #cutConnections(): void {
    for (const socket of this.#connections) socket.destroy();
    for (const server of this.#servers) (server as HttpLike).closeAllConnections?.();
  }

  #stateError(): Error {
    const { address, port } = this.address;
    const what = this.#state === 'adopted' ? 'serves another server already' : 'is closed';
    return Object.assign(new Error(`the listener of ${address}:${port} ${what}`), { code: 'ERR_INVALID_STATE' });
  }
}

const MAX_TIMER_MS = 0x7fffffff;

// Not imported: it takes 1 to 2 ms to load, and who has a server to give has loaded it.
function net() {
  return process.getBuiltinModule('node:net');
}

/** Resolves when the server listens; rejects when it fails, or is closed before. */
function listeningOf(server: Server, closed: Error): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void) => {
      server.off('listening', onListening);
      server.off('error', onError);
      server.off('close', onClose);
      then();
    };
    const onListening = () => settle(resolve);
    const onError = (error: Error) => settle(() => reject(error));
    const onClose = () => settle(() => reject(closed));
    server.once('listening', onListening);
    server.once('error', onError);
    server.once('close', onClose);
  });
}

function relayTo(server: Server): Server {
  const relay = net().createServer(socketOptionsOf(server), (socket) => {
    // Closed by its owner: its 'close' comes only with its last connection.
    if (server.listening) server.emit('connection', socket);
    else socket.destroy();
  });
  server.once('close', () => relay.close());
  return relay;
}

/** What a net.Server passes on to its sockets; http servers keep theirs in the same fields. */
function socketOptionsOf(server: Server): ServerOpts {
  const { allowHalfOpen, pauseOnConnect, noDelay, keepAlive, keepAliveInitialDelay } = server as Server & ServerOpts;
  return { allowHalfOpen, pauseOnConnect, noDelay, keepAlive, keepAliveInitialDelay } as ServerOpts;
}

function alreadyListening(): Error {
  return Object.assign(new Error('that server listens already: give a new one'), { code: 'ERR_SERVER_ALREADY_LISTEN' });
}

type ListenOnHandle = (this: Server, target: object, backlog: number) => Server;

interface HttpLike extends Server {
  closeIdleConnections?: () => void;
  closeAllConnections?: () => void;
}

/** A kept-alive connection that answers its last request becomes idle later, and nobody else looks again. */
const IDLE_CHECK_MS = 50;

function closeServer(server: HttpLike): Promise<void> {
  return new Promise((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections?.(), IDLE_CHECK_MS);
    // The callback's only error is "not running": somebody closed it before, as we want it.
    server.close(() => {
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections?.();
  });
}
