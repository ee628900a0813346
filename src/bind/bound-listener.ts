// A bound, listening socket that a Node server can adopt.
import type { Server, ServerOpts } from 'node:net';
import { checkTimeout, invalidType } from '../arguments.js';
import { isIPv6, isNoAddress } from '../endpoint.js';
import type { ListenerId } from '../native/binding.js';
import { loadNet } from '../native/builtins.js';
import { native } from '../native/load.js';
import { addressesToGuard, programsInherit } from '../native/platform.js';
import { canAdopt, detachHandle } from '../native/server-handle.js';
import { ServerGroup } from './close-server.js';

export interface BoundAddress {
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly port: number;
}

export interface CloseOptions {
  /**
   * Milliseconds to wait for open connections to end before they are destroyed.
   *
   * @default 5000
   */
  readonly graceMs?: number;
}

/** A socket that a server has adopted. The descriptor is valid while the server listens. */
interface AdoptedSocket {
  readonly server: Server;
  readonly descriptor: number;
}

export class BoundListener {
  readonly address: BoundAddress;
  /**
   * True if the system guarantees that no other process can listen on this address and port, even
   * after a server has adopted the socket. False if this runtime's servers cannot adopt a socket
   * and open a plain one instead, which happens only on Windows and in Deno.
   */
  readonly exclusive: boolean = canAdopt();
  /** The sockets that the addon owns. */
  #ids: readonly ListenerId[];
  readonly #backlog: number;
  readonly #servers = new ServerGroup();
  /** The server that has adopted the sockets. */
  #server: Server | null = null;
  #adopted: readonly AdoptedSocket[] = [];
  #listening: Promise<void> | undefined;
  #state: 'open' | 'adopted' | 'paused' | 'closed' = 'open';

  /** @internal */
  constructor(ids: readonly ListenerId[], where: { address: string; port: number; backlog: number }) {
    const { address, port, backlog } = where;
    this.address = { address, family: isIPv6(address) ? 'IPv6' : 'IPv4', port };
    this.#ids = ids;
    this.#backlog = backlog;
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
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE` if `server` is not a net.Server
   * @throws {Error} `ERR_INVALID_STATE` if the listener is closed or already has a server
   * @throws {Error} `ERR_SERVER_ALREADY_LISTEN` if `server` is already listening; the method can
   * then be called again with another server
   * @throws {Error} `EADDRINUSE` if another server has bound a loopback address of the wildcard
   * (macOS)
   */
  async listen(server: Server): Promise<void> {
    if (!(server instanceof loadNet().Server)) throw invalidType('server', 'a net.Server', server);
    if (this.#state !== 'open') throw this.#stateError();
    if (server.listening) throw alreadyListening();
    this.#server = server;
    this.#listening = this.#accept(server);
    await this.#listening;
  }

  /**
   * The descriptors of the sockets, also of those that a server has adopted and still listens on.
   * @internal
   */
  get sockets(): readonly number[] {
    if (this.#state !== 'adopted') return this.#ids.map((id) => native().socketOf(id)).filter((fd) => fd >= 0);
    return this.#adopted.filter(({ server }) => server.listening).map(({ descriptor }) => descriptor);
  }

  /**
   * Stops accepting and keeps the sockets open, so that clients wait in the backlog instead of being
   * refused. Open connections stay open; see {@link drain}.
   *
   * @throws {Error} EMFILE or ENFILE, after which the server still accepts
   * @internal
   */
  async pause(): Promise<void> {
    await this.#listening?.catch(() => {});
    if (this.#state !== 'adopted') return;
    this.#ids = copyAll(this.sockets);
    this.#state = 'paused';
    void this.#servers.close(Number.POSITIVE_INFINITY);
  }

  /**
   * Waits up to `graceMs` milliseconds after {@link pause} for the open connections to end, then
   * destroys the rest. The server emits 'close' when its last connection has ended.
   * @internal
   */
  async drain(graceMs: number): Promise<void> {
    if (this.#state === 'paused') await this.#servers.close(graceMs);
  }

  /**
   * Makes the server accept again after {@link pause}, whether or not all connections have ended.
   * The server emits 'listening' again. Does nothing if the listener is not paused, or if the server
   * had been closed before.
   *
   * @throws the error of `server.listen()`, after which the listener is closed
   * @internal
   */
  async resume(): Promise<void> {
    if (this.#state !== 'paused' || this.#ids.length === 0) return;
    this.#servers.reopen();
    await this.#accept(this.#server!);
  }

  /** Makes accept() block in the program that inherits the sockets, as in systemd. @internal */
  setBlocking(): void {
    if (this.#state !== 'open') return;
    for (const id of this.#ids) native().setBlocking(id);
  }

  /**
   * Stops listening for all processes that have a copy of the sockets. Clients are then refused,
   * instead of waiting for a process that never accepts. @internal
   */
  shutdown(): void {
    if (this.#state !== 'open') return;
    for (const id of this.#ids) native().shutdownListener(id);
  }

  /**
   * Stops listening at once, waits up to `graceMs` milliseconds for the open connections to end,
   * then destroys the rest. A second call waits for the first one to complete, and can shorten
   * `graceMs`.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const graceMs = checkTimeout('graceMs', options.graceMs ?? 5000);
    this.#state = 'closed';
    for (const id of this.#ids) native().closeListener(id);
    await this.#servers.close(graceMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Makes the server adopt the sockets. Closes the listener if that fails. */
  async #accept(server: Server): Promise<void> {
    this.#state = 'adopted';
    this.#servers.track(server);
    try {
      await this.#adoptAll(server);
    } catch (error) {
      await this.close({ graceMs: 0 });
      throw error;
    }
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
    const guards = this.#guard();
    this.#ids = [...this.#ids, ...guards];
    const adopted = [{ server, descriptor: native().socketOf(first!) }];
    this.#adopted = adopted;
    await this.#adopt(server, first!);
    for (const id of [...others, ...guards]) {
      if (this.#state !== 'adopted') return;
      const relay = relayTo(server);
      if (others.includes(id)) adopted.push({ server: relay, descriptor: native().socketOf(id) });
      await this.#adopt(relay, id);
    }
  }

  #adopt(server: Server, id: ListenerId): Promise<void> {
    const handle = detachHandle(id);
    this.#servers.add(server);
    const listening = listeningOf(
      server,
      Object.assign(new Error('the listener was closed'), { code: 'ERR_INVALID_STATE' }),
    );
    try {
      // Calls net.Server's own listen(), because an override in a subclass could defer the call,
      // and the descriptor would have no owner.
      (loadNet().Server.prototype.listen as ListenOnHandle).call(server, handle.target, this.#backlog);
    } catch (error) {
      handle.close();
      listening.catch(() => {}); // Nothing awaits this promise, which may still reject.
      throw error;
    }
    return listening;
  }

  #stateError(): Error {
    const { address, port } = this.address;
    const what = this.#state === 'closed' ? 'is closed' : 'already has a server';
    return Object.assign(new Error(`the listener of ${address}:${port} ${what}`), { code: 'ERR_INVALID_STATE' });
  }
}

/** @throws {Error} EMFILE or ENFILE, after which no copy exists */
function copyAll(sockets: readonly number[]): ListenerId[] {
  const copies: ListenerId[] = [];
  try {
    for (const socket of sockets) copies.push(native().copyListener(socket));
    return copies;
  } catch (error) {
    for (const copy of copies) native().closeListener(copy);
    throw error;
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
    // A server that listens again may still emit the 'close' of its earlier socket.
    const onClose = () => void (server.listening || settle(() => reject(closed)));
    server.once('listening', onListening);
    server.once('error', onError);
    server.on('close', onClose);
  });
}

/** Creates a server that passes its connections on to `server`. */
function relayTo(server: Server): Server {
  const relay = loadNet().createServer(socketOptionsOf(server), (socket) => {
    // A closed server emits 'close' only after its last connection has ended, so the relay may
    // outlive it.
    if (server.listening) server.emit('connection', socket);
    else socket.destroy();
  });
  // As in listeningOf().
  const closeRelay = () => void (server.listening || relay.close());
  server.on('close', closeRelay);
  relay.once('close', () => server.off('close', closeRelay));
  return relay;
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

type ListenOnHandle = (this: Server, target: object, backlog: number) => Server;
