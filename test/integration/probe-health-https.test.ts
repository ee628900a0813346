import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ProbeHealthOptions, probeHealth } from '../../src/index.js';
import { openConnections } from '../support/clients.js';
import { listening } from '../support/listeners.js';
import { until } from '../support/until.js';

const fixture = (name: string) => readFileSync(fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url)));
const key = fixture('loopback-key.pem');
const cert = fixture('loopback-certificate.pem');
/** The fingerprint in the format of `openssl x509 -fingerprint -sha256`. */
const PIN = new X509Certificate(cert).fingerprint256;
const OTHER = PIN.replace(/^../, (byte) => (byte === '00' ? '01' : '00'));
const LIVE = '{"ok":true,"status":"live"}';

/** A server that records its requests. */
async function secureGateway(options: ServerOptions = {}) {
  const asked: string[] = [];
  const server = createServer({ key, cert, ...options }, ({ url }, response) => {
    asked.push(url!);
    response.end(LIVE);
  });
  server.on('tlsClientError', () => {});
  return { asked, ...(await listening(server)) };
}

describe('a gateway with the pinned certificate is healthy', () => {
  test.each([
    ['with the pin in upper case with colons', PIN],
    ['with the pin in lower case with colons', PIN.toLowerCase()],
    ['with the pin in upper case without colons', PIN.replaceAll(':', '')],
    ['with the pin in lower case without colons', PIN.toLowerCase().replaceAll(':', '')],
  ])('%s', async (_, fingerprint256) => {
    const { port, asked } = await secureGateway();
    expect(await probeHealth({ port, fingerprint256 })).toEqual({ healthy: true, reason: null, status: 200 });
    expect(asked).toEqual(['/healthz']);
  });

  test('on another path and host', async () => {
    const { port, asked } = await secureGateway();
    const probe = await probeHealth({ port, fingerprint256: PIN, path: '/up', host: 'localhost' });
    expect(probe).toMatchObject({ healthy: true });
    expect(asked).toEqual(['/up']);
  });

  test('with any version of TLS', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const { port } = await secureGateway({ minVersion: version, maxVersion: version });
      expect(await probeHealth({ port, fingerprint256: PIN })).toMatchObject({ healthy: true });
    }
  });
});

describe('a gateway is not healthy', () => {
  test('with another certificate, and gets no request', async () => {
    const { server, port, asked } = await secureGateway();
    expect(await probeHealth({ port, fingerprint256: OTHER })).toEqual({
      healthy: false,
      reason: `the certificate has another fingerprint: ${PIN}`,
      status: null,
    });
    // A request could still be on its way until then.
    await until(async () => (await openConnections(server)) === 0, 'the server has seen the end');
    expect(asked).toEqual([]);
  });

  test('with a status other than 200 and the right certificate', async () => {
    const server = createServer({ key, cert }, (_, response) => response.writeHead(404).end(LIVE));
    const { port } = await listening(server);
    expect(await probeHealth({ port, fingerprint256: PIN })).toEqual({
      healthy: false,
      reason: 'status 404 is not 200',
      status: 404,
    });
  });

  test('when it has no certificate', async () => {
    const ciphers = 'PSK-AES128-GCM-SHA256';
    const { port, asked } = await secureGateway({ ciphers, maxVersion: 'TLSv1.2', pskCallback: () => null });
    expect(await probeHealth({ port, fingerprint256: PIN })).toMatchObject({ healthy: false, status: null });
    expect(asked).toEqual([]);
  });

  test('when it speaks http although a certificate is pinned', async () => {
    const requests: unknown[] = [];
    const server = createHttpServer((request, response) => {
      requests.push(request.url);
      response.end(LIVE);
    });
    const { port } = await listening(server);
    const probe = await probeHealth({ port, fingerprint256: PIN });
    expect(probe).toEqual({ healthy: false, reason: expect.stringMatching(/^E[A-Z_]+$/), status: null });
    expect(requests).toEqual([]);
  });

  test('when it speaks https and the probe uses http', async () => {
    const { port, asked } = await secureGateway();
    const probe = await probeHealth({ port });
    expect(probe).toEqual({ healthy: false, reason: expect.any(String), status: null });
    expect(asked).toEqual([]);
  });

  test('when it closes the connection during the handshake', async () => {
    const { port } = await tcp((socket) => socket.destroy());
    expect(await probeHealth({ port, fingerprint256: PIN })).toEqual({
      healthy: false,
      reason: 'ECONNRESET',
      status: null,
    });
  });

  test('when it sends garbage in the handshake', async () => {
    const { port } = await tcp((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'));
    const probe = await probeHealth({ port, fingerprint256: PIN });
    expect(probe).toEqual({ healthy: false, reason: expect.stringMatching(/^E[A-Z_]+$/), status: null });
  });
});

describe('the timeout of a health probe ends', () => {
  const TOO_LATE = { healthy: false, reason: 'no complete answer within 300 ms', status: null };
  const question = { timeoutMs: 300, fingerprint256: PIN };

  test('a handshake that never begins', async () => {
    const { port } = await tcp(() => {});
    expect(await timed(probeHealth({ port, ...question }))).toEqual(TOO_LATE);
  });

  test('a handshake that arrives byte by byte', async () => {
    const { port } = await secureGateway();
    const slow = await tcp((socket, first) => {
      const behind = connect(port, '127.0.0.1').on('error', () => {});
      onTestFinished(() => void behind.destroy());
      behind.write(first);
      behind.once('data', (answer) => drip(socket, answer));
    });
    expect(await timed(probeHealth({ port: slow.port, ...question }))).toEqual(TOO_LATE);
  });

  test('the wait for a response with the right certificate', async () => {
    const { port } = await listening(createServer({ key, cert }, () => {}));
    expect(await timed(probeHealth({ port, ...question }))).toEqual(TOO_LATE);
  });
});

test.each([
  ['an empty text', '', 'ERR_INVALID_ARG_VALUE'],
  ['a SHA-1 fingerprint', PIN.slice(0, 59), 'ERR_INVALID_ARG_VALUE'],
  ['33 bytes', `${PIN}:00`, 'ERR_INVALID_ARG_VALUE'],
  ['a letter that is not hex', PIN.replace(/^./, 'g'), 'ERR_INVALID_ARG_VALUE'],
  ['the output of openssl with the name of the digest', `sha256 Fingerprint=${PIN}`, 'ERR_INVALID_ARG_VALUE'],
  ['a fingerprint with a line break', `${PIN}\n`, 'ERR_INVALID_ARG_VALUE'],
  ['a Buffer', Buffer.alloc(32), 'ERR_INVALID_ARG_TYPE'],
  ['null', null, 'ERR_INVALID_ARG_TYPE'],
])('probeHealth() refuses a fingerprint that is %s', async (_, fingerprint256, code) => {
  await expect(probeHealth({ port: 1, fingerprint256 } as ProbeHealthOptions)).rejects.toMatchObject({ code });
});

/** Starts a server that calls `behave` with the first data of each connection. */
function tcp(behave: (socket: Socket, first: Buffer) => void) {
  return listening(createTcpServer((socket) => void socket.once('data', (first) => behave(socket, first))));
}

function drip(socket: Socket, bytes: Buffer): void {
  let sent = 0;
  const timer = setInterval(() => socket.write(bytes.subarray(sent, ++sent)), 20);
  socket.once('close', () => clearInterval(timer));
}

/**
 * Expects the promise to settle in less than 5 s: later than the default timeout of 1 s, but soon.
 */
async function timed<T>(promise: Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await promise;
  expect(performance.now() - started).toBeLessThan(5000);
  return result;
}
