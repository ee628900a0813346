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
/** The fingerprint of the certificate, in the format of `openssl x509 -fingerprint -sha256`. */
const PIN = new X509Certificate(cert).fingerprint256;
const OTHER = PIN.replace(/^../, (byte) => (byte === '00' ? '01' : '00'));
const LIVE = '{"ok":true,"status":"live"}';

/** Starts a server that records its requests. */
async function secureGateway(options: ServerOptions = {}) {
  const asked: string[] = [];
  const server = createServer({ key, cert, ...options }, ({ url }, response) => {
    asked.push(url!);
    response.end(LIVE);
  });
  server.on('tlsClientError', () => {});
  return { asked, ...(await listening(server)) };
}

describe('a gateway with the pinned certificate', () => {
  test.each([
    ['if the pin is in upper case with colons', PIN],
    ['if the pin is in lower case with colons', PIN.toLowerCase()],
    ['if the pin is in upper case without colons', PIN.replaceAll(':', '')],
    ['if the pin is in lower case without colons', PIN.toLowerCase().replaceAll(':', '')],
  ])('a gateway with the pinned certificate is healthy %s', async (_, fingerprint256) => {
    const { port, asked } = await secureGateway();
    expect(await probeHealth({ port, fingerprint256 })).toEqual({ healthy: true, reason: null, status: 200 });
    expect(asked).toEqual(['/healthz']);
  });

  test('a gateway with the pinned certificate is healthy on another path and host', async () => {
    const { port, asked } = await secureGateway();
    const probe = await probeHealth({ port, fingerprint256: PIN, path: '/up', host: 'localhost' });
    expect(probe).toMatchObject({ healthy: true });
    expect(asked).toEqual(['/up']);
  });

  test('a gateway with the pinned certificate is healthy with any version of TLS', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const { port } = await secureGateway({ minVersion: version, maxVersion: version });
      expect(await probeHealth({ port, fingerprint256: PIN })).toMatchObject({ healthy: true });
    }
  });
});

describe('the health probe with a pinned certificate', () => {
  test('reports a gateway with another certificate as unhealthy, and sends no request to it', async () => {
    const { server, port, asked } = await secureGateway();
    expect(await probeHealth({ port, fingerprint256: OTHER })).toEqual({
      healthy: false,
      reason: `the certificate has another fingerprint: ${PIN}`,
      status: null,
    });
    // Waits until the server has seen the end of the connection: a request could be in transit
    // before.
    await until(async () => (await openConnections(server)) === 0, 'the server has seen the end');
    expect(asked).toEqual([]);
  });

  test('reports a gateway with the right certificate as unhealthy if its status is not 200', async () => {
    const server = createServer({ key, cert }, (_, response) => response.writeHead(404).end(LIVE));
    const { port } = await listening(server);
    expect(await probeHealth({ port, fingerprint256: PIN })).toEqual({
      healthy: false,
      reason: 'status 404 is not 200',
      status: 404,
    });
  });

  test('reports a gateway without a certificate as unhealthy', async () => {
    const ciphers = 'PSK-AES128-GCM-SHA256';
    const { port, asked } = await secureGateway({ ciphers, maxVersion: 'TLSv1.2', pskCallback: () => null });
    expect(await probeHealth({ port, fingerprint256: PIN })).toMatchObject({ healthy: false, status: null });
    expect(asked).toEqual([]);
  });

  test('reports a gateway that speaks http instead of https as unhealthy', async () => {
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

  test('reports a gateway that speaks https as unhealthy if the probe uses http', async () => {
    const { port, asked } = await secureGateway();
    const probe = await probeHealth({ port });
    expect(probe).toEqual({ healthy: false, reason: expect.any(String), status: null });
    expect(asked).toEqual([]);
  });

  test('reports a gateway that closes the connection during the handshake as unhealthy', async () => {
    const { port } = await tcp((socket) => socket.destroy());
    expect(await probeHealth({ port, fingerprint256: PIN })).toEqual({
      healthy: false,
      reason: 'ECONNRESET',
      status: null,
    });
  });

  test('reports a gateway that sends garbage in the handshake as unhealthy', async () => {
    const { port } = await tcp((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'));
    const probe = await probeHealth({ port, fingerprint256: PIN });
    expect(probe).toEqual({ healthy: false, reason: expect.stringMatching(/^E[A-Z_]+$/), status: null });
  });
});

describe('the timeout of a health probe', () => {
  const TOO_LATE = { healthy: false, reason: 'no complete answer within 300 ms', status: null };
  const question = { timeoutMs: 300, fingerprint256: PIN };

  test('the timeout of a health probe ends a handshake that never begins', async () => {
    const { port } = await tcp(() => {});
    expect(await timed(probeHealth({ port, ...question }))).toEqual(TOO_LATE);
  });

  test('the timeout of a health probe ends a handshake that arrives byte by byte', async () => {
    const { port } = await secureGateway();
    const slow = await tcp((socket, first) => {
      const behind = connect(port, '127.0.0.1').on('error', () => {});
      onTestFinished(() => void behind.destroy());
      behind.write(first);
      behind.once('data', (answer) => drip(socket, answer));
    });
    expect(await timed(probeHealth({ port: slow.port, ...question }))).toEqual(TOO_LATE);
  });

  test('the timeout of a health probe ends the wait for the response of a server with the right certificate', async () => {
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

/** Expects the promise to settle within 5 s, which leaves time after the default timeout of 1 s. */
async function timed<T>(promise: Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await promise;
  expect(performance.now() - started).toBeLessThan(5000);
  return result;
}
