// A bound, listening socket that a Node server can adopt.
import type { Server } from 'node:net';
import { invalidType } from '../arguments.js';
import { isIPv6 } from '../endpoint.js';
import type { ListenerId } from '../native/binding.js';
import { native } from '../native/load.js';
import { programsInherit } from '../native/platform.js';
import {
  canAdopt,
  detachHandle,
  handleOf,
  isServer,
  type SentSocket,
  type ServerHandle,
} from '../native/server-handle.js';
import { type CloseOptions, checkCloseOptions, ServerGroup } from './close-server.js';
import { guardAddresses } from './guard-addresses.js';
import { relayTo } from './relay-server.js';
import { startListening } from './start-listening.js';

/**
 * The address and port of a {@link BoundListener}.
 *
 * @example
 * const listener = bindExclusive({ port: 0 });
 * const { address, family, port }: BoundAddress = listener.address; // '127.0.0.1', 'IPv4', 43817
 * await listener.close();
 */
export interface BoundAddress {
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly port: number;
}

/** A socket that a server has adopted. The descriptor is valid while the server listens. */
interface AdoptedSocket {
  readonly server: Server;
  readonly descriptor: number;
}

/**
 * A bound socket that listens. Created by {@link bindExclusive}, and part of a {@link GatewayLock}.
 *
 * @example
 * import { createServer } from 'node:http';
 *
 * const listener = bindExclusive({ port: 0 });
 * await listener.listen(createServer((request, response) => response.end('hello')));
 * await listener.close({ graceMs: 1000 });
 */
export class BoundListener {
  readonly address: BoundAddress;
  /** The sockets that the addon owns. */
  #ids: readonly ListenerId[];
  /** The sockets that another process has sent to this one. */
  #sent: readonly SentSocket[];
  readonly #backlog: number;
  readonly #servers = new ServerGroup();
  /** The server that has adopted the sockets. */
  #server: Server | null = null;
  #adopted: readonly AdoptedSocket[] = [];
  #listening: Promise<void> | undefined;
  #state: 'open' | 'adopted' | 'paused' | 'closed' = 'open';
  #exclusive = canAdopt();

  /** @internal */
  constructor(
    ids: readonly ListenerId[],
    where: { address: string; port: number; backlog: number },
    sent: readonly SentSocket[] = [],
  ) {
    const { address, port, backlog } = where;
    this.address = { address, family: isIPv6(address) ? 'IPv6' : 'IPv4', port };
    this.#ids = ids;
    this.#sent = sent;
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
   *
   * A server of this process should use {@link listen}. If it uses `server.listen({ fd })` instead,
   * `close()` frees the port but does not close that server: call `server.close()`, before or after.
   * Therefore each descriptor that was read here stays open, without a port, until other code
   * closes it or the process ends.
   */
  get fds(): readonly number[] {
    return this.#state === 'open' && programsInherit ? this.#ids.map((id) => native().lendListener(id)) : [];
  }

  /**
   * Like {@link fds}, but `close()` closes the descriptors. For programs that inherit copies of them.
   * @internal
   */
  get inheritable(): readonly number[] {
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
   * The handles of the sockets, to be sent to another process. Empty unless a server listens.
   * @internal
   */
  get handles(): readonly SentSocket[] {
    if (this.#state !== 'adopted') return [];
    return this.#adopted.filter(({ server }) => server.listening).map(({ server }) => handleOf(server));
  }

  /**
   * Stops accepting and keeps the sockets open, so that clients wait in the backlog instead of being
   * refused. Open connections stay open; see {@link drain}. `copies` are copies of all sockets that
   * another process has sent; without them, makes copies.
   *
   * @throws {Error} EMFILE or ENFILE, after which the server still accepts
   * @internal
   */
  async pause(copies: readonly SentSocket[] | null = null): Promise<void> {
    await this.#listening?.catch(() => {});
    if (copies !== null) await afterPoll();
    if (this.#state !== 'adopted') return closeAll(copies ?? []);
    if (copies === null) this.#ids = copyAll(this.sockets);
    else this.#sent = copies;
    this.#state = 'paused';
    void this.#servers.close({ graceMs: Number.POSITIVE_INFINITY });
  }

  /**
   * Waits up to `graceMs` milliseconds after {@link pause} for the open connections to end, then
   * destroys the rest. The server emits 'close' when its last connection has ended.
   * @internal
   */
  async drain(graceMs: number): Promise<void> {
    if (this.#state === 'paused') await this.#servers.close({ graceMs });
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
    if (this.#state !== 'paused' || this.#ids.length + this.#sent.length === 0) return;
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
   * Stops listening at once and calls `drain`. Waits up to `graceMs` milliseconds for the open
   * connections to end, destroys the rest, and waits for `drain`. A second call waits for the first
   * one to complete; its `graceMs` counts from the call, so that it can shorten the wait.
   *
   * @throws the error of `drain`, once everything is closed
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const checked = checkCloseOptions(options);
    this.#state = 'closed';
    for (const id of this.#ids) native().closeListener(id);
    closeAll(this.#takeSent());
    await this.#servers.close(checked);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Makes the server adopt the sockets. Closes the listener if that fails. */
  async #accept(server: Server): Promise<void> {
    this.#state = 'adopted';
    this.#exclusive = canAdopt(server);
    this.#servers.track(server);
    try {
      await (this.#sent.length > 0 ? this.#adoptSent(server) : this.#adoptAll(server));
    } catch (error) {
      await this.close({ graceMs: 0 });
      throw error;
    }
  }

  /**
   * Hands the first socket over to the server, and each other socket to a relay that passes its
   * connections on to the server.
   */
  async #adoptAll(server: Server): Promise<void> {
    const [first, ...others] = this.#ids;
    for (const id of this.#ids) native().recallListener(id);
    const guards = guardAddresses(this.address, this.#backlog);
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

  /** Hands sent sockets over as {@link #adoptAll} does. They have no descriptors. */
  async #adoptSent(server: Server): Promise<void> {
    const adopted: AdoptedSocket[] = [];
    this.#adopted = adopted;
    for (const [index, socket] of this.#takeSent().entries()) {
      if (this.#state !== 'adopted') {
        socket.close();
        continue;
      }
      const acceptor = index === 0 ? server : relayTo(server);
      adopted.push({ server: acceptor, descriptor: -1 });
      await this.#start(acceptor, { target: socket, close: () => socket.close() });
    }
  }

  #takeSent(): readonly SentSocket[] {
    const sent = this.#sent;
    this.#sent = [];
    return sent;
  }

  #adopt(server: Server, id: ListenerId): Promise<void> {
    return this.#start(server, detachHandle(id, server));
  }

  #start(server: Server, handle: ServerHandle): Promise<void> {
    this.#servers.add(server);
    return startListening(server, handle, this.#backlog);
  }

  #stateError(): Error {
    const { address, port } = this.address;
    const what = this.#state === 'closed' ? 'is closed' : 'already has a server';
    return Object.assign(new Error(`the listener of ${address}:${port} ${what}`), { code: 'ERR_INVALID_STATE' });
  }
}

/**
 * Resolves after the poll phase of the event loop, so that the servers have seen the connections of
 * this phase. Windows accepts connections before a server sees them, and a server that closes resets
 * those that it has not seen.
 */
function afterPoll(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function closeAll(sockets: readonly SentSocket[]): void {
  for (const socket of sockets) socket.close();
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

function alreadyListening(): Error {
  return Object.assign(new Error('the server is already listening: pass another one'), {
    code: 'ERR_SERVER_ALREADY_LISTEN',
  });
}
