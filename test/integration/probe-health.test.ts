import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type ProbeHealthOptions, probeHealth } from '../../src/index.js';
import { freePort } from '../support/free-port.js';
import { listenerOn, listening } from '../support/listeners.js';

const LIVE = '{"ok":true,"status":"live"}';
const NOT_LIVE = 'the answer is not {"ok":true,"status":"live"}';
const TOO_LATE = 'no complete answer within 1000 ms';

describe('a gateway', () => {
  test.each([
    ['with exactly the expected body', LIVE],
    ['with additional fields', '{"status":"live","ok":true,"uptime":5}'],
    ['with white space around the body', `\n ${LIVE}\r\n`],
  ])('a gateway is healthy if it responds %s', async (_, body) => {
    const { port } = await http((_request, response) => response.end(body));
    expect(await probeHealth({ port })).toEqual({ healthy: true, reason: null, status: 200 });
  });

  test('a gateway is healthy no matter in how many pieces the response arrives', async () => {
    const { port } = await tcp((socket) => socket.write(answer(LIVE)));
    expect(await probeHealth({ port })).toMatchObject({ healthy: true });
  });

  test('a gateway is probed on the given path, by default /healthz', async () => {
    const { port } = await http(({ url }, response) => response.writeHead(url === '/healthz' ? 200 : 404).end(LIVE));
    expect(await probeHealth({ port })).toMatchObject({ healthy: true });
    expect(await probeHealth({ port, path: '/other' })).toMatchObject({ healthy: false, status: 404 });
  });

  test.each(['0.0.0.0', '::', '::1', 'localhost'])(
    'a gateway is healthy when it is probed on %s (for a wildcard, the probe connects to a loopback address)',
    async (host) => {
      const { port } = await http((_, response) => response.end(LIVE), host === 'localhost' ? '127.0.0.1' : host);
      expect(await probeHealth({ host, port })).toMatchObject({ healthy: true });
    },
  );
});

describe('an unsuitable response to the health probe', () => {
  test.each<[string, RequestListener, string, number]>([
    ['404 and the right body', (_, response) => response.writeHead(404).end(LIVE), 'status 404 is not 200', 404],
    ['503', (_, response) => response.writeHead(503).end(LIVE), 'status 503 is not 200', 503],
    ['204', (_, response) => response.writeHead(204).end(), 'status 204 is not 200', 204],
    [
      'a redirect',
      (_, response) => response.writeHead(302, { location: '/healthz' }).end(LIVE),
      'status 302 is not 200',
      302,
    ],
    ['200 and HTML', (_, response) => response.end('<html>It works!</html>'), 'the answer is not JSON', 200],
    ['200 and no body', (_, response) => response.end(), 'the answer is not JSON', 200],
    ['the expected body twice', (_, response) => response.end(LIVE + LIVE), 'the answer is not JSON', 200],
    ['ok:false', (_, response) => response.end('{"ok":false,"status":"live"}'), NOT_LIVE, 200],
    ['ok:"true"', (_, response) => response.end('{"ok":"true","status":"live"}'), NOT_LIVE, 200],
    [
      'the status "starting" in its body',
      (_, response) => response.end('{"ok":true,"status":"starting"}'),
      NOT_LIVE,
      200,
    ],
    ['no status in its body', (_, response) => response.end('{"ok":true}'), NOT_LIVE, 200],
    ['the body null', (_, response) => response.end('null'), NOT_LIVE, 200],
    ['a list as its body', (_, response) => response.end(`[${LIVE}]`), NOT_LIVE, 200],
  ])('a gateway is not healthy if it responds with %s', async (_, answers, reason, status) => {
    const { port } = await http(answers);
    expect(await probeHealth({ port })).toEqual({ healthy: false, reason, status });
  });
});

describe('a connection without a valid response to the health probe', () => {
  test.each<[string, (socket: Socket) => void, string]>([
    ['resets the connection', (socket) => socket.resetAndDestroy(), 'ECONNRESET'],
    ['closes the connection', (socket) => socket.end(), 'ECONNRESET'],
    [
      'closes the connection in the middle of its response',
      (socket) => socket.end(answer(LIVE, 100)),
      'the server ended the connection without an answer',
    ],
    ['speaks another protocol', (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'), 'HPE_INVALID_CONSTANT'],
    [
      'sends headers without end',
      (socket) => endless(socket, `${answer('').slice(0, -2)}x: ${'a'.repeat(99_000)}`),
      'HPE_HEADER_OVERFLOW',
    ],
    [
      'sends a body without end',
      (socket) => endless(socket, answer('a'.repeat(16_384), 1e9)),
      'the answer is longer than 65536 bytes',
    ],
  ])('a gateway is not healthy if it %s', async (_, behave, reason) => {
    const { port } = await tcp(behave);
    expect(await probeHealth({ port })).toEqual({ healthy: false, reason, status: null });
  });

  test('a gateway is not healthy if no process listens on the port', async () => {
    expect(await probeHealth({ port: await freePort() })).toEqual({
      healthy: false,
      reason: 'ECONNREFUSED',
      status: null,
    });
  });

  test('a gateway is not healthy if it switches protocols instead of responding', { timeout: 5000 }, async () => {
    const { port } = await tcp((socket) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: a\r\n\r\n'),
    );
    expect(await probeHealth({ port })).toMatchObject({ healthy: false });
  });
});

describe('the timeout of a health probe, by default 1 s', () => {
  test.each<[string, (socket: Socket) => void]>([
    ['accepts and sends nothing', () => {}],
    ['sends its body byte by byte', (socket) => drip(socket, answer(LIVE, 1e6), ' ')],
    ['sends its headers byte by byte', (socket) => drip(socket, 'HTTP/1.1 200 OK\r\n', 'x')],
    ['sends 100 Continue forever', (socket) => drip(socket, '', 'HTTP/1.1 100 Continue\r\n\r\n')],
    ['omits the last byte', (socket) => socket.write(answer(LIVE, LIVE.length + 1))],
  ])('the timeout of a health probe ends the probe of a gateway that %s', async (_, behave) => {
    const { port } = await tcp(behave);
    const { result, took } = await timed(probeHealth({ port }));
    expect(result).toEqual({ healthy: false, reason: TOO_LATE, status: null });
    expect(took).toBeGreaterThan(990);
    expect(took).toBeLessThan(1800);
  });

  test('the timeout of a health probe ends the probe of a gateway that listens and never accepts', async () => {
    const { port } = listenerOn({}).address;
    expect(await probeHealth({ port })).toMatchObject({ healthy: false, reason: TOO_LATE });
  });

  test('the timeout of a health probe ends the probe after timeoutMs if the caller sets it', async () => {
    const { port } = listenerOn({}).address;
    const { result, took } = await timed(probeHealth({ port, timeoutMs: 150 }));
    expect(result.reason).toBe('no complete answer within 150 ms');
    expect(took).toBeLessThan(900);
  });
});

test('a health probe never uses a connection to a gateway that has ended', async () => {
  const { server, port } = await http((_, response) => response.end(LIVE));
  expect(await probeHealth({ port })).toMatchObject({ healthy: true });
  await new Promise((resolve) => server.close(resolve));
  expect(await probeHealth({ port })).toMatchObject({ healthy: false, reason: 'ECONNREFUSED' });
});

test.each([
  ['no options', undefined, 'ERR_INVALID_ARG_TYPE'],
  ['no port', {}, 'ERR_INVALID_ARG_TYPE'],
  ['port 65536', { port: 65536 }, 'ERR_OUT_OF_RANGE'],
  ['port 0', { port: 0 }, 'ERR_OUT_OF_RANGE'],
  ['a path that is not a string', { port: 1, path: 5 }, 'ERR_INVALID_ARG_TYPE'],
  ['a path with a space', { port: 1, path: '/a b' }, 'ERR_INVALID_ARG_VALUE'],
  ['a path with a line break', { port: 1, path: '/a\r\nb: c' }, 'ERR_INVALID_ARG_VALUE'],
  ['a path without a slash', { port: 1, path: 'a' }, 'ERR_INVALID_ARG_VALUE'],
  ['a host name', { port: 1, host: 'example.org' }, 'ERR_INVALID_ARG_VALUE'],
  ['timeoutMs -1', { port: 1, timeoutMs: -1 }, 'ERR_OUT_OF_RANGE'],
  ["timeoutMs '1'", { port: 1, timeoutMs: '1' }, 'ERR_INVALID_ARG_TYPE'],
])('probeHealth() refuses %s', async (_, options, code) => {
  await expect(probeHealth(options as ProbeHealthOptions)).rejects.toMatchObject({ code });
});

function http(answers: RequestListener, host = '127.0.0.1') {
  return listening(createServer(answers), { host });
}

/** Starts a server that calls `behave` after the first data of each connection. */
function tcp(behave: (socket: Socket) => void) {
  return listening(createTcpServer((socket) => void socket.once('data', () => behave(socket))));
}

function answer(body: string, length = body.length): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n${body}`;
}

function drip(socket: Socket, first: string, next: string): void {
  socket.write(first);
  const timer = setInterval(() => socket.write(next), 50);
  socket.once('close', () => clearInterval(timer));
}

function endless(socket: Socket, first: string): void {
  const more = (error?: Error | null) => error || socket.write('a'.repeat(16_384), more);
  socket.write(first, more);
}

async function timed<T>(promise: Promise<T>): Promise<{ result: T; took: number }> {
  const started = performance.now();
  const result = await promise;
  return { result, took: performance.now() - started };
}
