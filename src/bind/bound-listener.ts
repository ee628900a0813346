// A bound, listening socket that a Node server can adopt.
import type { AddressInfo, Server, ServerOpts, Socket } from 'node:net';
import { invalidType } from '../arguments.js';
import { isIPv6, isNoAddress } from '../endpoint.js';
import type { ListenerId } from '../native/binding.js';
import { loadNet } from '../native/builtins.js';
import { native } from '../native/load.js';
import { addressesToGuard, programsInherit } from '../native/platform.js';
import { acceptsConnectionEvents, canAdopt, detachHandle, isServer, listenOn } from '../native/server-handle.js';
import { type CloseOptions, checkCloseOptions, ServerGroup } from './close-server.js';

export interface BoundAddress {
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly port: number;
}

export class BoundListener {
  readonly address: BoundAddress;
  #ids: readonly ListenerId[];
  readonly #backlog: number;
  readonly #servers = new ServerGroup();
  #state: 'open' | 'adopted' | 'closed' = 'open';
  #exclusive = canAdopt();

  /** @internal */
  constructor(ids: readonly ListenerId[], where: { address: string; port: number; backlog: number }) {
    const { address, port, backlog } = where;
    this.address = { address, family: isIPv6(address) ? 'IPv6' : 'IPv4', port };
    this.#ids = ids;
    this.#backlog = backlog;
  }

  /**
   * True if the system guarantees that no other process can listen on this address and port, even
   * after a server has adopted the socket. False if servers cannot adopt a socket and open a plain
   * one instead, which happens on Windows, in Deno and, with http and https servers, in Bun. Before
   * `listen()`, false if this runtime has a kind of server that cannot adopt a socket.
   */
  get exclusive(): boolean {
    return this.#exclusive;
  }

  /**
   * The descriptors of the sockets, for a child that inherits them: two for `localhost`, one for
   * any other host. Empty after a server has adopted the socket, after `close()`, and on Windows,
   * where children cannot inherit a socket.
   */
  get fds(): readonly number[] {
    return this.#state === 'open' && programsInherit ? this.#ids.map((id) => native().socketOf(id)) : [];
  }

  /**
   * Hands the socket over to `server` (net, tls, http or https; for `ws` pass its http server),
   * which then accepts the connections and owns the descriptor. Resolves once the server is
   * listening. On macOS a server on a wildcard also listens on each loopback address, which another
   * server could otherwise bind.
   *
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE` if `server` is not a server of net, tls, http or
   * https
   * @throws {Error} `ERR_INVALID_STATE` if the listener is closed or already has a server
   * @throws {Error} `ERR_SERVER_ALREADY_LISTEN` if `server` is already listening; the method can
   * then be called again with another server
   * @throws {Error} `EADDRINUSE` if another server has bound a loopback address of the wildcard
   * (macOS), or if the server cannot adopt the socket (see {@link exclusive}) and another program
   * has taken the port since
   */
  async listen(server: Server): Promise<void> {
    if (!isServer(server)) throw invalidType('server', 'a net.Server', server);
    if (this.#state !== 'open') throw this.#stateError();
    if (server.listening) throw alreadyListening();
    this.#state = 'adopted';
    this.#exclusive = canAdopt(server);
    this.#servers.track(server);
    try {
      this.#ids = [...this.#ids, ...this.#guard()];
      await this.#adoptAll(server);
    } catch (error) {
      await this.close({ graceMs: 0 });
      throw error;
    }
  }

  /**
   * Stops listening at once, calls `drain` and waits for it, waits up to `graceMs` milliseconds for
   * the open connections to end, then destroys the rest. A second call waits for the first one to
   * complete; its `graceMs` counts from the call, so that it can shorten the wait.
   *
   * @throws the error of `drain`, once everything is closed
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const checked = checkCloseOptions(options);
    this.#state = 'closed';
    for (const id of this.#ids) native().closeListener(id);
    await this.#servers.close(checked);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Listens on the addresses that another server could otherwise bind. Used only for a server in
   * this process, because a program that inherits sockets usually accepts on the first descriptor
   * only.
   */
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

  /**
   * Hands the first socket over to the server, and each other socket to a relay that passes its
   * connections on to the server.
   */
  async #adoptAll(server: Server): Promise<void> {
    const [first, ...others] = this.#ids;
    await this.#adopt(server, first!);
    for (const id of others) {
      if (this.#state === 'closed') return;
      await this.#adopt(relayTo(server), id);
    }
  }

  #adopt(server: Server, id: ListenerId): Promise<void> {
    const handle = detachHandle(id, server);
    this.#servers.add(server);
    const listening = listeningOf(
      server,
      Object.assign(new Error('the listener was closed'), { code: 'ERR_INVALID_STATE' }),
    );
    try {
      listenOn(server, handle, this.#backlog);
    } catch (error) {
      handle.close();
      listening.catch(() => {}); // Nothing awaits this promise, which may still reject.
      throw error;
    }
    return listening;
  }

  #stateError(): Error {
    const { address, port } = this.address;
    const what = this.#state === 'adopted' ? 'already has a server' : 'is closed';
    return Object.assign(new Error(`the listener of ${address}:${port} ${what}`), { code: 'ERR_INVALID_STATE' });
  }
}

/** Resolves once the server is listening. Rejects if the server fails or is closed before that. */
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

/** Creates a server that passes its connections on to `server`. */
function relayTo(server: Server): Server {
  const relay = loadNet().createServer(socketOptionsOf(server), (socket) => {
    // A closed server emits 'close' only after its last connection has ended, so the relay may
    // outlive it.
    if (!server.listening) socket.destroy();
    else if (acceptsConnectionEvents(server)) server.emit('connection', socket);
    else connectTo(server, socket);
  });
  server.once('close', () => relay.close());
  return relay;
}

/** Connects a client to the server through a connection of its own. */
function connectTo(server: Server, client: Socket): void {
  const { address, port } = server.address() as AddressInfo;
  const connection = loadNet().connect(port, address);
  client.on('error', () => connection.destroy()).pipe(connection);
  connection.on('error', () => client.destroy()).pipe(client);
}

/**
 * Returns the options that a net.Server applies to its sockets. An http server has the same fields.
 */
function socketOptionsOf(server: Server): ServerOpts {
  const { allowHalfOpen, pauseOnConnect, noDelay, keepAlive, keepAliveInitialDelay } = server as Server & ServerOpts;
  return { allowHalfOpen, pauseOnConnect, noDelay, keepAlive, keepAliveInitialDelay } as ServerOpts;
}

function alreadyListening(): Error {
  return Object.assign(new Error('the server is already listening: pass another one'), {
    code: 'ERR_SERVER_ALREADY_LISTEN',
  });
}
