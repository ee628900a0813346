// The example's servers: a health endpoint, and a WebSocket server that echoes messages.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { WebSocketServer } from 'ws';

/** WebSocket close code of RFC 6455: the server is going away. */
const GOING_AWAY = 1001;

export interface GatewayServer {
  readonly http: Server;
  /**
   * Sends a close frame to each WebSocket client, also to those whose handshake is not complete yet,
   * so that they close their connections.
   */
  closeClients(): void;
  /** Ends {@link closeClients}: new clients may stay. */
  keepClients(): void;
}

export function createGatewayServer(): GatewayServer {
  const http = createServer(answer);
  const sockets = new WebSocketServer({ server: http });
  let closing = false;
  sockets.on('connection', (socket) => {
    if (closing) socket.close(GOING_AWAY, 'gateway stopped');
    socket.on('error', () => socket.terminate());
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return {
    http,
    closeClients() {
      closing = true;
      for (const socket of sockets.clients) socket.close(GOING_AWAY, 'gateway stopped');
    },
    keepClients() {
      closing = false;
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const live = request.url === '/healthz' && (request.method === 'GET' || request.method === 'HEAD');
  const body = JSON.stringify(live ? { ok: true, status: 'live' } : { ok: false, error: 'not found' });
  response.writeHead(live ? 200 : 404, { 'content-type': 'application/json' });
  response.end(body);
}
