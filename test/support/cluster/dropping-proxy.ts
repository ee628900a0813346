// A TCP proxy that simulates a network partition. During a partition, open connections stay open
// without traffic, and new connections are accepted but get no response. When the partition ends,
// the proxy delivers the withheld bytes late, as a network does.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A running proxy in front of one port of 127.0.0.1. */
export class DroppingProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The ends of connections (FIN) not forwarded yet. */
  readonly #pendingEnds: (() => void)[] = [];
  #dropping = false;
  #answerDelayMs = 0;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.port = (server.address() as { port: number }).port;
    server.on('connection', (socket) => this.#forward(socket, target));
  }

  /** Starts a proxy in front of the port `target`. */
  static async to(target: number): Promise<DroppingProxy> {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new DroppingProxy(server, target);
  }

  /** Begins the partition. */
  drop(): void {
    this.#dropping = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** Ends the partition. */
  heal(): void {
    this.#dropping = false;
    for (const end of this.#pendingEnds.splice(0)) end();
    for (const socket of this.#sockets) socket.resume();
  }

  /**
   * Delays the server's bytes by `ms` milliseconds. Bytes in transit are delivered even after
   * {@link drop}.
   */
  delayAnswers(ms: number): void {
    this.#answerDelayMs = ms;
  }

  close(): void {
    for (const end of this.#pendingEnds.splice(0)) end();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #forward(client: Socket, target: number): void {
    const server = connect(target, '127.0.0.1');
    this.#pipe(client, server, () => 0);
    this.#pipe(server, client, () => this.#answerDelayMs);
    if (this.#dropping) return;
    client.resume();
  }

  #forwardEnd(end: () => void): void {
    if (this.#dropping) this.#pendingEnds.push(end);
    else end();
  }

  #pipe(from: Socket, to: Socket, delayMs: () => number): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (chunk) => {
      if (delayMs() === 0) to.write(chunk);
      else setTimeout(() => to.write(chunk), delayMs());
    });
    // Withholds `end` explicitly, because a paused socket with an empty buffer still emits it.
    from.on('end', () => this.#forwardEnd(() => to.end()));
    from.on('error', () => {});
    from.on('close', () => {
      this.#sockets.delete(from);
      this.#forwardEnd(() => to.destroy());
    });
    if (this.#dropping) from.pause();
  }
}
