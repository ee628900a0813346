import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { Agent, createServer as createHttpServer, request, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { bindExclusive, probePort } from '../../src/index.js';
import { httpServersAdopt, need } from '../support/capabilities.js';
import { fetched } from '../support/clients.js';

function keepingAlive(): Agent {
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  return agent;
}

function connected(port: number) {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return once(socket, 'connect').then(() => socket);
}

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
const CERTIFIED = { key: fixture('loopback-key.pem'), cert: fixture('loopback-certificate.pem') };

function securelyConnected(port: number) {
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: CERTIFIED.cert });
  onTestFinished(() => void socket.destroy());
  return once(
    socket.on('error', () => {}),
    'secureConnect',
  ).then(() => socket);
}

test.each(['127.0.0.1', 'localhost'])('close() during listen() on %s closes no foreign descriptor', async (host) => {
  const listener = bindExclusive({ host, port: 0 });
  const server = createServer();
  const listening = listener.listen(server).catch((error: unknown) => error);
  const closing = listener.close();
  const file = openSync(fileURLToPath(import.meta.url), 'r');
  await closing;
  expect(await listening).toMatchObject({ code: 'ERR_INVALID_STATE' });
  expect(server.listening).toBe(false);
  await new Promise((resolve) => setImmediate(resolve));
  expect(fstatSync(file).isFile()).toBe(true);
  closeSync(file);
  expect(await probePort({ host, port: listener.address.port })).toMatchObject({ state: 'free' });
});

test('every close() waits for the last connection, and a later call can shorten graceMs', async () => {
  const listener = bindExclusive({ port: 0 });
  await listener.listen(createServer());
  const client = await connected(listener.address.port);
  const patient = listener.close({ graceMs: 60_000 });
  let ended = false;
  client.once('close', () => {
    ended = true;
  });
  await listener.close({ graceMs: 1 });
  await patient;
  await expect.poll(() => ended).toBe(true);
});

test.for(['http', 'https'])(
  'close() of an %s server answers a client that has connected and sent nothing yet',
  async (kind, ctx) => {
    need(ctx, httpServersAdopt ? null : 'Bun reports a client with its first request');
    const listener = bindExclusive({ port: 0 });
    const answer = (_request: unknown, response: ServerResponse) => response.end('served');
    const server = kind === 'http' ? createHttpServer(answer) : createHttpsServer(CERTIFIED, answer);
    await listener.listen(server);
    const accepted = once(server, kind === 'http' ? 'connection' : 'secureConnection');
    const { port } = listener.address;
    const client = kind === 'http' ? await connected(port) : await securelyConnected(port);
    await accepted;
    const closing = listener.close({ graceMs: 60_000 });
    // Node closes idle connections at once, and this package does so every 50 ms.
    await sleep(120);
    client.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    expect(String((await once(client, 'data'))[0])).toMatch(/connection: close.*served$/is);
    await closing;
  },
);

test('listen() refuses a server that is already listening, and another server can adopt the listener', async () => {
  const busy: Server = createServer();
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void busy.close());
  const listener = bindExclusive({ port: 0 });
  onTestFinished(() => listener.close({ graceMs: 0 }));
  await expect(listener.listen(busy)).rejects.toMatchObject({ code: 'ERR_SERVER_ALREADY_LISTEN' });
  expect(busy.listenerCount('connection')).toBe(0);
  const server = createHttpServer((_request, response) => response.end('second'));
  await listener.listen(server);
  expect(await fetched(request, { port: listener.address.port })).toBe('second');
});

test('an idle keep-alive connection does not delay close()', async () => {
  const listener = bindExclusive({ port: 0 });
  await listener.listen(createHttpServer((_request, response) => response.end('ok')));
  await fetched(request, { port: listener.address.port, agent: keepingAlive() });
  const started = performance.now();
  await listener.close({ graceMs: 60_000 });
  expect(performance.now() - started).toBeLessThan(30_000);
});

test('a keep-alive connection whose last response ends during close() does not delay close()', async () => {
  const listener = bindExclusive({ port: 0 });
  let answer: () => void = () => {};
  const asked = new Promise<void>((resolve) => {
    const server = createHttpServer((_request, response) => {
      answer = () => response.end('late');
      resolve();
    });
    void listener.listen(server);
  });
  const response = fetched(request, { port: listener.address.port, agent: keepingAlive() });
  await asked;
  const closing = listener.close({ graceMs: 60_000 });
  answer();
  expect(await response).toBe('late');
  const started = performance.now();
  await closing;
  expect(performance.now() - started).toBeLessThan(30_000);
});

test('a server can adopt one listener after another, and keeps no event listener of a closed listener', async () => {
  const server = createServer();
  for (let round = 0; round < 3; round++) {
    const listener = bindExclusive({ port: 0 });
    await listener.listen(server);
    await listener.close();
  }
  expect(server.listenerCount('connection')).toBe(0);
});
