import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer as createHttpServer, request as httpRequest, type IncomingMessage } from 'node:http';
import {
  createServer as createHttpsServer,
  request as httpsRequest,
  type RequestOptions as SecureRequestOptions,
} from 'node:https';
import { connect, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { startActor } from '../support/actors.js';
import { failureOf, listenerOn, listening } from '../support/listeners.js';
import { whyNoAddress } from '../support/loopbacks.js';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
const certificate = fixture('loopback-certificate.pem');

const echo = () => createServer((socket) => socket.on('error', () => {}).pipe(socket));
const greeter = () => createHttpServer((incoming, response) => response.end(`hello ${incoming.url}`));
const secureGreeter = () =>
  createHttpsServer({ key: fixture('loopback-key.pem'), cert: certificate }, (_, response) =>
    response.end('hello in private'),
  );

/** How a client of each kind of server talks to it at an address. */
const KINDS: Readonly<
  Record<string, { make(): Server; talk(host: string, port: number): Promise<string>; says: string }>
> = {
  'a net.Server': { make: echo, talk: (host, port) => echoed(host, port, 'ping'), says: 'ping' },
  'an http.Server': {
    make: greeter,
    talk: (host, port) => fetched(httpRequest, { host, port, path: '/a' }),
    says: 'hello /a',
  },
  'an https.Server': {
    make: secureGreeter,
    talk: (host, port) => fetched(httpsRequest, { host, port, ca: certificate, servername: 'localhost' }),
    says: 'hello in private',
  },
  'ws over an http.Server': { make: () => withWebSockets(greeter()), talk: webSocketEchoed, says: 'ping' },
};

describe.each(Object.entries(KINDS))('%s adopts the listener', (_, { make, talk, says }) => {
  test('and serves on its address, which address() tells', async () => {
    const listener = listenerOn({});
    const server = make();
    await listener.listen(server);
    expect(server.address()).toEqual(listener.address);
    expect(await talk('127.0.0.1', listener.address.port)).toBe(says);
  });

  test('of localhost and serves on both loopbacks', async (ctx) => {
    const missing = whyNoAddress('::1');
    if (missing !== null) return ctx.skip(missing);
    const listener = listenerOn({ host: 'localhost' });
    await listener.listen(make());
    for (const host of ['127.0.0.1', '::1']) expect(await talk(host, listener.address.port)).toBe(says);
  });

  test('and gives the port back when the listener is closed', async () => {
    const listener = listenerOn({ host: 'localhost' });
    const { port } = listener.address;
    await listener.listen(make());
    await talk('127.0.0.1', port);
    await listener.close({ graceMs: 50 });
    expect(failureOf({ host: 'localhost', port })).toBeNull();
  });
});

test('the caller may close the server instead, which frees both loopbacks, and close the listener then', async () => {
  const listener = listenerOn({ host: 'localhost' });
  const server = greeter();
  await listener.listen(server);
  await new Promise((resolve) => server.close(resolve));
  expect(failureOf({ host: 'localhost', port: listener.address.port })).toBeNull();
  await expect(listener.close()).resolves.toBeUndefined();
});

describe('listen() refuses', () => {
  test('a second server, and the first goes on', async () => {
    const listener = listenerOn({});
    await listener.listen(echo());
    await expect(listener.listen(greeter())).rejects.toMatchObject({
      code: 'ERR_INVALID_STATE',
      message: `the listener of 127.0.0.1:${listener.address.port} serves another server already`,
    });
    expect(await echoed('127.0.0.1', listener.address.port, 'still there')).toBe('still there');
  });

  test('when the listener is closed', async () => {
    const listener = listenerOn({});
    await listener.close();
    await expect(listener.listen(echo())).rejects.toMatchObject({
      code: 'ERR_INVALID_STATE',
      message: expect.stringMatching(/ is closed$/),
    });
  });

  test.each([[undefined], [null], [{}], [{ listen() {} }], ['127.0.0.1'], [() => {}]])(
    '%j, which is no server, and stays usable',
    async (server) => {
      const listener = listenerOn({});
      await expect(listener.listen(server as never)).rejects.toMatchObject({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
      });
      await listener.listen(echo());
      expect(await echoed('127.0.0.1', listener.address.port, 'usable')).toBe('usable');
    },
  );

  test('a server that listens elsewhere already: that goes on, and the listener takes another', async () => {
    const { server, port } = await listening(echo());
    const before = sockets();
    const listener = listenerOn({});
    await expect(listener.listen(server)).rejects.toMatchObject({ code: 'ERR_SERVER_ALREADY_LISTEN' });
    expect(sockets().length).toBe(before.length + 1);
    await listener.listen(greeter());
    expect(await echoed('127.0.0.1', port, 'goes on')).toBe('goes on');
    expect(server.listenerCount('connection')).toBe(listenersOfAFreshServer());
    await listener.close();
    expect(sockets()).toEqual(before);
  });

  test('a server whose adoption fails, and closes the descriptor exactly once', async () => {
    const before = sockets();
    const listener = listenerOn({});
    const broken = Object.assign(echo(), { listen: refuseToListen });
    await expect(listener.listen(broken)).rejects.toThrow('no');
    expect(sockets()).toEqual(before);
    const successor = listenerOn({});
    await listener.close();
    expect(failureOf({ port: successor.address.port })).toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('close()', () => {
  test('leaves no socket behind, however often it is called', async () => {
    const before = sockets();
    const listener = listenerOn({ host: 'localhost' });
    await listener.listen(greeter());
    await Promise.all([listener.close(), listener.close()]);
    await listener.close();
    expect(sockets()).toEqual(before);
  });

  test('resolves only when the connections are gone, also for a second caller', async () => {
    const listener = listenerOn({});
    const server = echo();
    await listener.listen(server);
    await connected(listener.address.port);
    const first = listener.close({ graceMs: 200 });
    await listener.close({ graceMs: 200 });
    expect(await openConnections(server)).toBe(0);
    await first;
  });

  test('while listen() is under way closes the descriptor exactly once', async () => {
    const before = sockets();
    const listener = listenerOn({});
    const server = greeter();
    const listens = listener.listen(server).catch((error) => error);
    await listener.close();
    await listens;
    expect(server.listening).toBe(false);
    const successor = listenerOn({});
    await new Promise((resolve) => server.close(resolve));
    expect(sockets().length).toBe(before.length + 1);
    expect(failureOf({ port: successor.address.port })).toMatchObject({ code: 'EADDRINUSE' });
  });

  test('cuts keep-alive, WebSocket and half-sent requests after graceMs, and not before', async () => {
    const listener = listenerOn({});
    await listener.listen(withWebSockets(createHttpServer(() => {})));
    const { port } = listener.address;
    const unanswered = await connected(port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const halfSent = await connected(port, 'GET / HTTP/1.1\r\nhos');
    const webSocket = await openWebSocket('127.0.0.1', port);
    const ends = Promise.all([
      ...[unanswered, halfSent].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
      once(webSocket, 'close'),
    ]);
    const started = performance.now();
    await listener.close({ graceMs: 300 });
    const took = performance.now() - started;
    expect(took).toBeGreaterThan(295);
    expect(took).toBeLessThan(1300);
    await ends;
  });

  test('ends an idle keep-alive connection at once', async () => {
    const listener = listenerOn({});
    await listener.listen(greeter());
    const idle = await connected(listener.address.port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await once(idle, 'data');
    const started = performance.now();
    await listener.close({ graceMs: 10_000 });
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('lets an answer that is being written end within graceMs', async () => {
    const listener = listenerOn({});
    const server = createHttpServer();
    await listener.listen(server);
    const answer = fetched(httpRequest, { host: '127.0.0.1', port: listener.address.port });
    const [, response] = await once(server, 'request');
    const closing = listener.close({ graceMs: 10_000 });
    response.end('whole');
    expect(await answer).toBe('whole');
    await closing;
  });

  test.each([
    [-1, 'RangeError'],
    [Number.NaN, 'RangeError'],
    ['1', 'TypeError'],
  ])('with graceMs %j is a mistake that closes nothing', async (graceMs, name) => {
    const listener = listenerOn({});
    await expect(listener.close({ graceMs: graceMs as number })).rejects.toMatchObject({ name });
    expect(failureOf({ port: listener.address.port })).toMatchObject({ code: 'EADDRINUSE' });
  });

  test('is what `await using` does', async () => {
    let port: number;
    {
      await using listener = listenerOn({});
      port = listener.address.port;
      expect(failureOf({ port })).toMatchObject({ code: 'EADDRINUSE' });
    }
    expect(failureOf({ port })).toBeNull();
  });
});

test.each([[[]], [['--pending-deprecation']]])('adoption warns of nothing: node %j', async (flags) => {
  const holder = await startActor({ execArgv: [...flags, '--trace-warnings'] });
  const { port } = await holder.call<{ port: number }>('bind', { host: 'localhost', port: 0 });
  await holder.call('adopt');
  expect(await fetched(httpRequest, { host: '127.0.0.1', port })).toBe(`pid ${holder.pid}`);
  await holder.call('closeListener');
  await holder.call('exit', 0);
  expect(await holder.exited).toEqual({ code: 0, signal: null });
  expect(holder.output).toBe('');
});

function refuseToListen(): never {
  throw new Error('no');
}

/** echo() has one, and listening() of the test adds another. */
function listenersOfAFreshServer(): number {
  return echo().listenerCount('connection') + 1;
}

/** The socket descriptors of this process. */
function sockets(): string[] {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return 'gone';
    }
  });
  return targets.filter((target) => target.startsWith('socket:')).sort();
}

async function connected(port: number, request = '') {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  if (request !== '') await new Promise((sent) => socket.write(request, sent));
  return socket;
}

async function echoed(host: string, port: number, message: string): Promise<string> {
  const socket = connect(port, host);
  socket.end(message);
  return text(socket);
}

async function fetched(
  request: typeof httpRequest | typeof httpsRequest,
  options: SecureRequestOptions,
): Promise<string> {
  const [response] = (await once(request({ agent: false, ...options }).end(), 'response')) as [IncomingMessage];
  return text(response);
}

function withWebSockets<T extends Server>(server: T): T {
  new WebSocketServer({ server: server as never }).on('connection', (socket) =>
    socket.on('message', (data) => socket.send(String(data))),
  );
  return server;
}

async function openWebSocket(host: string, port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${host.includes(':') ? `[${host}]` : host}:${port}`).on('error', () => {});
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

async function webSocketEchoed(host: string, port: number): Promise<string> {
  const socket = await openWebSocket(host, port);
  socket.send('ping');
  const [answer] = await once(socket, 'message');
  socket.close();
  await once(socket, 'close');
  return String(answer);
}

function openConnections(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
}
