import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https';
import { Server } from 'node:net';
import { describe, expect, test } from 'vitest';
import { startActor } from '../support/actors.js';
import { httpServersAdopt, type Missing, need } from '../support/capabilities.js';
import {
  echo,
  echoed,
  fetched,
  greeter,
  moreSockets,
  sockets,
  webSocketEchoed,
  withWebSockets,
} from '../support/clients.js';
import { failureOf, listenerOn, listening } from '../support/listeners.js';
import { whyNoAddress } from '../support/loopbacks.js';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
const certificate = fixture('loopback-certificate.pem');

const secureGreeter = () =>
  createHttpsServer({ key: fixture('loopback-key.pem'), cert: certificate }, (_, response) =>
    response.end('hello in private'),
  );

/**
 * The flags that a server needs under Node's permission model, and the flags that suppress Node's
 * warnings about the permission model.
 */
const PERMITTED = [
  '--permission',
  '--allow-fs-read=*',
  '--allow-addons',
  '--allow-net',
  '--disable-warning=SecurityWarning',
  '--disable-warning=ExperimentalWarning',
].filter((flag) => process.allowedNodeEnvironmentFlags.has(flag.split('=')[0]!));

/** The kinds of servers, each with a client. */
const KINDS: Readonly<
  Record<string, { make(): Server; talk(host: string, port: number): Promise<string>; says: string; adopts: boolean }>
> = {
  'a net.Server': { make: echo, talk: (host, port) => echoed(host, port, 'ping'), says: 'ping', adopts: true },
  'an http.Server': {
    make: greeter,
    talk: (host, port) => fetched(httpRequest, { host, port, path: '/a' }),
    says: 'hello /a',
    adopts: httpServersAdopt,
  },
  'an https.Server': {
    make: secureGreeter,
    talk: (host, port) => fetched(httpsRequest, { host, port, ca: certificate, servername: 'localhost' }),
    says: 'hello in private',
    adopts: httpServersAdopt,
  },
  'ws over an http.Server': {
    make: () => withWebSockets(greeter()),
    talk: webSocketEchoed,
    says: 'ping',
    adopts: httpServersAdopt,
  },
};

describe.each(Object.entries(KINDS))('%s on an exclusive listener', (kind, { make, talk, says, adopts }) => {
  test(`${kind} adopts the listener and serves on its address, which address() returns`, async () => {
    const listener = listenerOn({});
    const server = make();
    await listener.listen(server);
    expect(server.address()).toEqual(listener.address);
    expect(await talk('127.0.0.1', listener.address.port)).toBe(says);
    expect(listener.exclusive).toBe(adopts);
  });

  test(`${kind} adopts a listener of localhost and serves on both loopback addresses`, async (ctx) => {
    need(ctx, whyNoAddress('::1'));
    const listener = listenerOn({ host: 'localhost' });
    await listener.listen(make());
    for (const host of ['127.0.0.1', '::1']) expect(await talk(host, listener.address.port)).toBe(says);
  });

  test(`${kind} stops serving and frees the port when the adopted listener is closed`, async () => {
    const listener = listenerOn({ host: 'localhost' });
    const { port } = listener.address;
    await listener.listen(make());
    await talk('127.0.0.1', port);
    await listener.close({ graceMs: 50 });
    expect(failureOf({ host: 'localhost', port })).toBeNull();
  });
});

test('a close of the server frees both loopback addresses, and the listener can be closed afterwards', async () => {
  const listener = listenerOn({ host: 'localhost' });
  const server = greeter();
  await listener.listen(server);
  await new Promise((resolve) => server.close(resolve));
  expect(failureOf({ host: 'localhost', port: listener.address.port })).toBeNull();
  await expect(listener.close()).resolves.toBeUndefined();
});

describe('listen() of a listener and unsuitable servers', () => {
  test('listen() refuses a second server, and the first server keeps serving', async () => {
    const listener = listenerOn({});
    await listener.listen(echo());
    await expect(listener.listen(greeter())).rejects.toMatchObject({
      code: 'ERR_INVALID_STATE',
      message: `the listener of 127.0.0.1:${listener.address.port} already has a server`,
    });
    expect(await echoed('127.0.0.1', listener.address.port, 'still there')).toBe('still there');
  });

  test('listen() refuses any server after the listener is closed', async () => {
    const listener = listenerOn({});
    await listener.close();
    await expect(listener.listen(echo())).rejects.toMatchObject({
      code: 'ERR_INVALID_STATE',
      message: expect.stringMatching(/ is closed$/),
    });
  });

  test.each([[undefined], [null], [{}], [{ listen() {} }], ['127.0.0.1'], [() => {}]])(
    'listen() refuses %j, which is not a server, and the listener stays usable',
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

  test('listen() refuses a server that is already listening, and the listener accepts another server', async () => {
    const { server, port } = await listening(echo());
    const before = sockets();
    const listener = listenerOn({});
    await expect(listener.listen(server)).rejects.toMatchObject({ code: 'ERR_SERVER_ALREADY_LISTEN' });
    expect(moreSockets(before, 1)).toBe(1);
    await listener.listen(greeter());
    expect(await echoed('127.0.0.1', port, 'goes on')).toBe('goes on');
    expect(server.listenerCount('connection')).toBe(listenersOfAFreshServer());
    await listener.close();
    expect(sockets()).toEqual(before);
  });

  test('listen() refuses a server that fails to adopt the socket, and closes the descriptor exactly once', async (ctx) => {
    need(ctx, '_listen2' in Server.prototype ? null : 'servers of this runtime have no method _listen2()');
    const before = sockets();
    const listener = listenerOn({});
    // Node's listen() calls this method when it already has the handle.
    const broken = Object.assign(echo(), { _listen2: refuseToListen });
    await expect(listener.listen(broken)).rejects.toThrow('no');
    expect(sockets()).toEqual(before);
    const successor = listenerOn({});
    await listener.close();
    expect(failureOf({ port: successor.address.port })).toMatchObject({ code: 'EADDRINUSE' });
  });
});

test.for([
  { how: 'no flags', flags: [] },
  { how: '--pending-deprecation', flags: ['--pending-deprecation'] },
  { how: '--permission', flags: PERMITTED },
])('the adoption of a listener emits no warning if Node runs with $how', async ({ flags }, ctx) => {
  need(ctx, flags === PERMITTED ? whyNoPermissionModel() : null);
  const holder = await startActor({ execArgv: [...flags, '--trace-warnings'] });
  const { port } = await holder.call<{ port: number }>('bind', { host: 'localhost', port: 0 });
  await holder.call('adopt');
  expect(await fetched(httpRequest, { host: '127.0.0.1', port })).toBe(`pid ${holder.pid}`);
  await holder.call('closeListener');
  await holder.call('exit', 0);
  expect(await holder.exited).toEqual({ code: 0, signal: null });
  expect(holder.output).toBe('');
});

test('a server that cannot adopt the socket opens its own, and the listener reports that it is not exclusive', async (ctx) => {
  const holder = await startActor({
    execArgv: ['--import', String(new URL('../fixtures/no-adoption.mjs', import.meta.url))],
  });
  const { port } = await holder.call<{ port: number }>('bind', { host: 'localhost', port: 0 });
  if (await holder.call('isExclusive'))
    return ctx.skip("on this system servers adopt the socket in Node's documented way");
  await holder.call('adopt');
  expect(await fetched(httpRequest, { host: '127.0.0.1', port })).toBe(`pid ${holder.pid}`);
  expect(failureOf({ port })).toMatchObject({ code: 'EADDRINUSE' });
  await holder.call('closeListener');
  expect(failureOf({ host: 'localhost', port })).toBeNull();
});

function refuseToListen(): never {
  throw new Error('no');
}

/** Node's permission model has another flag in Node 20, and emits a warning up to Node 22. */
function whyNoPermissionModel(): Missing {
  const { status, stderr } = spawnSync(process.execPath, ['--permission', ...PERMITTED, '-e', ''], {
    encoding: 'utf8',
  });
  return status === 0 && stderr === '' ? null : `node --permission prints: ${stderr.trim().split('\n')[0]}`;
}

/** The number of event listeners that echo() and listening() add, one each. */
function listenersOfAFreshServer(): number {
  return echo().listenerCount('connection') + 1;
}
