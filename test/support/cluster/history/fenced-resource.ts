// A resource that checks fencing tokens, as a database protected by a lock should. Rejects a write
// if it has already seen a larger token.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * A server that reads one write per line (`LOCK TOKEN`) and responds with `accepted` or `rejected`.
 */
export class FencedResource {
  readonly port: number;
  accepted = 0;
  /** The number of writes from holders that had already lost their lock. */
  rejected = 0;
  readonly #server: Server;
  readonly #fences = new Map<string, bigint>();
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as { port: number }).port;
    server.on('connection', (socket) => this.#serve(socket));
  }

  static async start(): Promise<FencedResource> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FencedResource(server);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    const lines = createInterface(socket).on('error', () => {});
    lines.on('line', (line) => socket.write(this.#write(line) ? 'accepted\n' : 'rejected\n'));
  }

  #write(line: string): boolean {
    const [lock, token] = line.split(' ');
    const fence = this.#fences.get(lock!) ?? 0n;
    const accept = BigInt(token!) >= fence;
    if (accept) this.#fences.set(lock!, BigInt(token!));
    this.accepted += accept ? 1 : 0;
    this.rejected += accept ? 0 : 1;
    return accept;
  }
}
