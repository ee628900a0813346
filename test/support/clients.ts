// Small servers and their clients, and what they leave open.
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer as createHttpServer, type request as httpRequest, type IncomingMessage } from 'node:http';
import type { request as httpsRequest, RequestOptions as SecureRequestOptions } from 'node:https';
import { connect, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { native } from '../../src/native/load.js';

export const echo = () => createServer((socket) => socket.on('error', () => {}).pipe(socket));
export const greeter = () => createHttpServer((incoming, response) => response.end(`hello ${incoming.url}`));

/** The socket descriptors of this process; none where the system does not list them. */
export function sockets(): string[] {
  if (!existsSync('/proc/self/fd')) return [];
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return 'gone';
    }
  });
  return targets.filter((target) => target.startsWith('socket:')).sort();
}

/** How many more there are now; the number asked for where the system does not list them. */
export function moreSockets(before: readonly string[], orElse: number): number {
  return listsSockets() ? sockets().length - before.length : orElse;
}

function listsSockets(): boolean {
  const before = sockets();
  const listener = native().listen('127.0.0.1', 0, 1);
  const seen = sockets().length > before.length;
  native().closeListener(listener);
  return seen;
}

export async function connected(port: number, request = '') {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  if (request !== '') await new Promise((sent) => socket.write(request, sent));
  return socket;
}

export async function echoed(host: string, port: number, message: string): Promise<string> {
  const socket = connect(port, host);
  socket.end(message);
  return text(socket);
}

export async function fetched(
  request: typeof httpRequest | typeof httpsRequest,
  options: SecureRequestOptions,
): Promise<string> {
  const [response] = (await once(request({ agent: false, ...options }).end(), 'response')) as [IncomingMessage];
  return text(response);
}

export function withWebSockets<T extends Server>(server: T): T {
  new WebSocketServer({ server: server as never }).on('connection', (socket) =>
    socket.on('message', (data) => socket.send(String(data))),
  );
  return server;
}

export async function openWebSocket(host: string, port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${host.includes(':') ? `[${host}]` : host}:${port}`).on('error', () => {});
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

export async function webSocketEchoed(host: string, port: number): Promise<string> {
  const socket = await openWebSocket(host, port);
  socket.send('ping');
  const [answer] = await once(socket, 'message');
  socket.close();
  await once(socket, 'close');
  return String(answer);
}

export function openConnections(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
}
