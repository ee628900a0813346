// A listener stops accepting while its sockets stay open, and accepts again, as an upgrade needs it.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, request as httpRequest } from 'node:http';
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https';
import type { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { connected, echo, echoed, fetched, greeter, openConnections, sockets } from '../support/clients.js';
import { failureOf, listenerOn } from '../support/listeners.js';
import { whyNoAddress } from '../support/loopbacks.js';

beforeEach((ctx) => need(ctx, whyNoInheritance));

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
const ca = fixture('loopback-certificate.pem');

const KINDS: Readonly<Record<string, { make(): Server; talk(host: string, port: number): Promise<string> }>> = {
  'a net.Server': { make: echo, talk: (host, port) => echoed(host, port, 'ok') },
  'an http.Server': { make: greeter, talk: (host, port) => fetched(httpRequest, { host, port, path: '/ok' }) },
  'an https.Server': {
    make: () => createHttpsServer({ key: fixture('loopback-key.pem'), cert: ca }, (_, response) => response.end('ok')),
    talk: (host, port) => fetched(httpsRequest, { host, port, ca, servername: 'localhost' }),
  },
};

describe.each(Object.entries(KINDS))('%s on a paused listener', (kind, { make, talk }) => {
  test.each(['127.0.0.1', 'localhost'])(
    `${kind} on %s leaves new clients in the backlog, and serves them after resume(), again and again`,
    async (host, ctx) => {
      if (host === 'localhost') need(ctx as never, whyNoAddress('::1'));
      const addresses = host === 'localhost' ? ['127.0.0.1', '::1'] : [host];
      const listener = listenerOn({ host });
      await listener.listen(make());
      for (let round = 0; round < 3; round++) {
        await listener.pause();
        await listener.drain(0);
        let served = 0;
        const answers = addresses.map((address) =>
          talk(address, listener.address.port).then((answer) => {
            served++;
            return answer;
          }),
        );
        await sleep(50);
        expect(served).toBe(0);
        await listener.resume();
        for (const answer of await Promise.all(answers)) expect(answer).toMatch(/ok$/);
      }
    },
  );
});

describe('pause() of a listener', () => {
  test('pause() of a listener keeps open connections, and resume() during the drain keeps them too', async () => {
    const listener = listenerOn({});
    const server = echo();
    await listener.listen(server);
    const client = await connected(listener.address.port);
    await listener.pause();
    const drained = listener.drain(60_000);
    client.write('still here');
    expect(String((await once(client, 'data'))[0])).toBe('still here');
    await listener.resume();
    await drained;
    client.write('and now');
    expect(String((await once(client, 'data'))[0])).toBe('and now');
    expect(await openConnections(server)).toBe(1);
  });

  test('the drain destroys the connections that stay longer than graceMs', async () => {
    const listener = listenerOn({});
    await listener.listen(echo());
    const client = await connected(listener.address.port);
    const closed = once(client, 'close');
    await listener.pause();
    await listener.drain(50);
    await closed;
  });

  test('a response during the drain tells the client that the connection ends', async () => {
    const listener = listenerOn({});
    const server = createHttpServer();
    await listener.listen(server);
    const client = await connected(listener.address.port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const [, response] = await once(server, 'request');
    await listener.pause();
    response.end('last');
    expect(String((await once(client, 'data'))[0])).toContain('last');
    const next = await connected(listener.address.port, 'GET /next HTTP/1.1\r\nhost: a\r\n\r\n');
    await listener.resume();
    const [, after] = await once(server, 'request');
    after.end('stays');
    expect(String((await once(next, 'data'))[0])).toContain('onnection: keep-alive');
  });

  test('resume() directly after pause() ignores the close event of the earlier socket', async () => {
    const listener = listenerOn({ host: 'localhost' });
    const server = echo();
    await listener.listen(server);
    const closed = once(server, 'close');
    await listener.pause();
    await listener.resume();
    await closed;
    expect(await echoed('127.0.0.1', listener.address.port, 'ok')).toBe('ok');
  });

  test('clients that wait use no CPU of the paused process', async () => {
    const listener = listenerOn({});
    await listener.listen(echo());
    await listener.pause();
    const waiting = echoed('127.0.0.1', listener.address.port, 'ok');
    await sleep(50);
    const before = process.cpuUsage();
    await sleep(500);
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(250_000);
    await listener.resume();
    expect(await waiting).toBe('ok');
  });

  test('close() of a paused listener frees the port and leaves no socket behind', async () => {
    const before = sockets();
    const listener = listenerOn({ host: 'localhost' });
    await listener.listen(echo());
    await listener.pause();
    await listener.close();
    await listener.resume();
    expect(sockets()).toEqual(before);
    expect(failureOf({ port: listener.address.port })).toBeNull();
  });

  test('many rounds leave no event listeners and no sockets behind', async () => {
    const listener = listenerOn({ host: 'localhost' });
    const server = greeter();
    await listener.listen(server);
    const open = sockets();
    const count = () => server.eventNames().map((name) => [name, server.listenerCount(name)]);
    const before = count();
    for (let round = 0; round < 20; round++) {
      await listener.pause();
      await listener.drain(0);
      await listener.resume();
    }
    await sleep(20);
    expect(count()).toEqual(before);
    expect(sockets().length).toBe(open.length);
  });

  test('a server that its program has closed stays closed', async () => {
    const listener = listenerOn({});
    const server = echo();
    await listener.listen(server);
    server.close();
    await listener.pause();
    await listener.resume();
    expect(server.listening).toBe(false);
    expect(failureOf({ port: listener.address.port })).toBeNull();
  });
});
