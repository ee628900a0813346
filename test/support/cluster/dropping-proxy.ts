// A TCP proxy that can drop everything without a word, as a partition does: connections stay open, new ones are accepted and
// stay silent. After the heal it delivers what it has kept, late, as a network does.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class DroppingProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Ends that the other side has not heard of yet. */
  readonly #unheard: (() => void)[] = [];
  #dropping = false;
  #answerDelayMs = 0;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.port = (server.address() as { port: number }).port;
    server.on('connection', (socket) => this.#forward(socket, target));
  }

  static async to(target: number): Promise<DroppingProxy> {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new DroppingProxy(server, target);
  }

  drop(): void {
    this.#dropping = true;
    for (const socket of this.#sockets) socket.pause();
  }

  heal(): void {
    this.#dropping = false;
    for (const end of this.#unheard.splice(0)) end();
    for (const socket of this.#sockets) socket.resume();
  }

  /** Delivers the server's bytes `ms` milliseconds late from now on, even if everything is dropped meanwhile. */
  delayAnswers(ms: number): void {
    this.#answerDelayMs = ms;
  }

  close(): void {
    for (const end of this.#unheard.splice(0)) end();
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

  #tell(end: () => void): void {
    if (this.#dropping) this.#unheard.push(end);
    else end();
  }

  #pipe(from: Socket, to: Socket, delayMs: () => number): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (chunk) => {
      if (delayMs() === 0) to.write(chunk);
      else setTimeout(() => to.write(chunk), delayMs());
    });
    // A paused socket with an empty buffer still reports its end.
    from.on('end', () => this.#tell(() => to.end()));
    from.on('error', () => {});
    from.on('close', () => {
      this.#sockets.delete(from);
      this.#tell(() => to.destroy());
    });
    if (this.#dropping) from.pause();
  }
}
