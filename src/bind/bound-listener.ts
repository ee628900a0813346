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
   * Milliseconds that open connections get to end by themselves. Then they are destroyed.
   *
   * @default 5000
   */
  readonly graceMs?: number;
}

export class BoundListener {
  readonly address: BoundAddress;
  /**
   * True if the system guarantees that no other process can listen on this address and port, also
   * after a server has adopted the socket. False in a runtime whose servers cannot adopt a socket
   * and open a plain one instead. That is possible on Windows and in Deno only.
   */
  readonly exclusive: boolean = canAdopt();
  #ids: readonly ListenerId[];
  readonly #backlog: number;
  readonly #servers = new ServerGroup();
  #state: 'open' | 'adopted' | 'closed' = 'open';

  /** @internal */
  constructor(ids: readonly ListenerId[], where: { address: string; port: number; backlog: number }) {
    const { address, port, backlog } = where;
    this.address = { address, family: isIPv6(address) ? 'IPv6' : 'IPv4', port };
    this.#ids = ids;
    this.#backlog = backlog;
  }

  /**
   * The descriptors of the sockets, for a child that shall inherit them: two for `localhost`, else
   * one. Empty after a server has adopted the socket, after `close()`, and on Windows, where no
   * child can inherit a socket.
   */
  get fds(): readonly number[] {
    return this.#state === 'open' && programsInherit ? this.#ids.map((id) => native().socketOf(id)) : [];
  }

  /**
   * Hands the socket to `server` (net, tls, http or https; for `ws` pass its http server), which
   * then accepts its connections and owns its descriptor. Resolves once the server is listening. On
   * macOS a server on a wildcard also listens on each loopback address, because another server
   * could take those from it.
   *
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE` if `server` is not a net.Server
   * @throws {Error} `ERR_INVALID_STATE` if the listener is closed or already has a server
   * @throws {Error} `ERR_SERVER_ALREADY_LISTEN` if `server` is already listening. Another server
   *   may be passed then.
   * @throws {Error} `EADDRINUSE` if another server has taken a loopback address from the wildcard
   *   (macOS)
   */
  async listen(server: Server): Promise<void> {
    if (!(server instanceof loadNet().Server)) throw invalidType('server', 'a net.Server', server);
    if (this.#state !== 'open') throw this.#stateError();
    if (server.listening) throw alreadyListening();
    this.#state = 'adopted';
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
   * Stops listening at once, waits up to `graceMs` for the open connections, then destroys them. A
   * second call waits for the same end; a shorter `graceMs` takes effect.
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

  /**
   * Listens on the addresses that another server could take. Only for a server of this process: a
   * program that inherits the socket usually accepts on the first descriptor only.
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
   * Gives the first socket to the server, and the others to relays that pass their connections on
   * to the server.
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
    const handle = detachHandle(id);
    this.#servers.add(server);
    const listening = listeningOf(
      server,
      Object.assign(new Error('the listener was closed'), { code: 'ERR_INVALID_STATE' }),
    );
    try {
      // Not server.listen(): an override could defer the call, and the descriptor would have no
      // owner.
      (loadNet().Server.prototype.listen as ListenOnHandle).call(server, handle.target, this.#backlog);
    } catch (error) {
      handle.close();
      listening.catch(() => {}); // It may still reject, and nothing awaits it.
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

/** Resolves once the server is listening. Rejects if it fails or is closed before. */
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
    // A server that its owner has closed emits 'close' only after its last connection has ended.
    if (server.listening) server.emit('connection', socket);
    else socket.destroy();
  });
  server.once('close', () => relay.close());
  return relay;
}

/**
 * Returns the options that a net.Server applies to its sockets. http servers keep them in the same
 * fields.
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
