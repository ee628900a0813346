// Creates small TCP, HTTP and WebSocket servers and clients, and counts open sockets.
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer as createHttpServer, type request as httpRequest, type IncomingMessage } from 'node:http';
import type { request as httpsRequest, RequestOptions as SecureRequestOptions } from 'node:https';
import { connect, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { native } from '../../src/native/load.js';

/** Returns a server that sends back each byte. */
export const echo = () => createServer((socket) => socket.on('error', () => {}).pipe(socket));
/** Returns an HTTP server that responds with the path of the request. */
export const greeter = () => createHttpServer((incoming, response) => response.end(`hello ${incoming.url}`));

/** Returns this process's socket descriptors; empty if the system does not list them. */
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

/**
 * Returns the number of sockets that were opened since `before`. Returns `fallback` if the system
 * does not list sockets.
 */
export function moreSockets(before: readonly string[], fallback: number): number {
  return listsSockets() ? sockets().length - before.length : fallback;
}

function listsSockets(): boolean {
  const before = sockets();
  const listener = native().listen('127.0.0.1', 0, 1);
  const seen = sockets().length > before.length;
  native().closeListener(listener);
  return seen;
}

/** Connects to a port, and sends `request` if it is not empty. */
export async function connected(port: number, request = '') {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  if (request !== '') await new Promise((sent) => socket.write(request, sent));
  return socket;
}

/** Sends a message and returns the response. */
export async function echoed(host: string, port: number, message: string): Promise<string> {
  const socket = connect(port, host);
  socket.end(message);
  return text(socket);
}

/** Sends an HTTP request and returns the body of the response. */
export async function fetched(
  request: typeof httpRequest | typeof httpsRequest,
  options: SecureRequestOptions,
): Promise<string> {
  const [response] = (await once(request({ agent: false, ...options }).end(), 'response')) as [IncomingMessage];
  return text(response);
}

/** Adds a WebSocket endpoint that sends back each message. */
export function withWebSockets<T extends Server>(server: T): T {
  new WebSocketServer({ server: server as never }).on('connection', (socket) =>
    socket.on('message', (data) => socket.send(String(data))),
  );
  return server;
}

/** Opens a WebSocket, which is closed after the test. */
export async function openWebSocket(host: string, port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${host.includes(':') ? `[${host}]` : host}:${port}`).on('error', () => {});
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

/** Sends a message over a new WebSocket and returns the response. */
export async function webSocketEchoed(host: string, port: number): Promise<string> {
  const socket = await openWebSocket(host, port);
  socket.send('ping');
  const [answer] = await once(socket, 'message');
  socket.close();
  await once(socket, 'close');
  return String(answer);
}

/** Returns the number of open connections of a server. */
export function openConnections(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
}
