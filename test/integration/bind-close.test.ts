import { once } from 'node:events';
import { createServer as createHttpServer, request as httpRequest } from 'node:http';
import { describe, expect, test } from 'vitest';
import {
  connected,
  echo,
  fetched,
  greeter,
  moreSockets,
  openConnections,
  openWebSocket,
  sockets,
  withWebSockets,
} from '../support/clients.js';
import { failureOf, listenerOn } from '../support/listeners.js';

describe('close() of a listener', () => {
  test('close() of a listener leaves no socket behind, no matter how often close() is called', async () => {
    const before = sockets();
    const listener = listenerOn({ host: 'localhost' });
    await listener.listen(greeter());
    await Promise.all([listener.close(), listener.close()]);
    await listener.close();
    expect(sockets()).toEqual(before);
  });

  test('resolves for each caller only after the connections have ended', async () => {
    const listener = listenerOn({});
    const server = echo();
    await listener.listen(server);
    await connected(listener.address.port);
    const first = listener.close({ graceMs: 200 });
    await listener.close({ graceMs: 200 });
    expect(await openConnections(server)).toBe(0);
    await first;
  });

  test('closes the descriptor exactly once if listen() is still in progress', async () => {
    const before = sockets();
    const listener = listenerOn({});
    const server = greeter();
    const listens = listener.listen(server).catch((error) => error);
    await listener.close();
    await listens;
    expect(server.listening).toBe(false);
    const successor = listenerOn({});
    await new Promise((resolve) => server.close(resolve));
    expect(moreSockets(before, 1)).toBe(1);
    expect(failureOf({ port: successor.address.port })).toMatchObject({ code: 'EADDRINUSE' });
  });

  test('destroys keep-alive connections, WebSockets and half-sent requests after graceMs, and not before', async () => {
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

  test('close() of a listener ends an idle keep-alive connection at once', async () => {
    const listener = listenerOn({});
    await listener.listen(greeter());
    const idle = await connected(listener.address.port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await once(idle, 'data');
    const started = performance.now();
    await listener.close({ graceMs: 10_000 });
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('lets a server finish a response within graceMs', async () => {
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
  ])('throws for graceMs %j and closes nothing', async (graceMs, name) => {
    const listener = listenerOn({});
    await expect(listener.close({ graceMs: graceMs as number })).rejects.toMatchObject({ name });
    expect(failureOf({ port: listener.address.port })).toMatchObject({ code: 'EADDRINUSE' });
  });

  test('close() of a listener is called by `await using`', async () => {
    let port: number;
    {
      await using listener = listenerOn({});
      port = listener.address.port;
      expect(failureOf({ port })).toMatchObject({ code: 'EADDRINUSE' });
    }
    expect(failureOf({ port })).toBeNull();
  });
});
