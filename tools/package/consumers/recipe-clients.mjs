// The clients that stay connected while a recipe's program stops. Each connects to a port; its
// promise `end` resolves to how the server ended the connection.
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { connect as connectTcp } from 'node:net';

export const CLIENTS = { http, ws, 'socket.io': socketIo, http2 };

/** A connection that is kept alive after its last response. */
async function http(port) {
  const socket = connectTcp(port, '127.0.0.1');
  socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await once(socket, 'data');
  return { end: once(socket.resume(), 'close').then(() => 'end of an idle connection') };
}

async function ws(port) {
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(socket, 'open');
  return { end: once(socket, 'close').then(([code]) => `WebSocket close code ${code}`) };
}

async function socketIo(port) {
  const { io } = await import('socket.io-client');
  const socket = io(`http://127.0.0.1:${port}`, { reconnection: false, transports: ['websocket'] });
  await new Promise((resolve) => socket.once('connect', resolve));
  return { end: new Promise((resolve) => socket.once('disconnect', (reason) => resolve(`Socket.IO ${reason}`))) };
}

async function http2(port) {
  const session = connect(`https://localhost:${port}`, { ca: readFileSync('certificate.pem') });
  await once(session, 'remoteSettings');
  return { end: once(session, 'goaway').then(([code]) => `http2 GOAWAY ${code}`) };
}
http2.fingerprint256 = () => new X509Certificate(readFileSync('certificate.pem')).fingerprint256;
