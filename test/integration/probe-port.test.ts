import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bindExclusive, type ProbePortOptions, probePort } from '../../src/index.js';
import { native } from '../../src/native/load.js';
import { startActor } from '../support/actors.js';
import { need } from '../support/capabilities.js';
import { freePort } from '../support/free-port.js';
import { failureOf, listenerOn, serverOn } from '../support/listeners.js';
import { whyNoAddress } from '../support/loopbacks.js';
import { whyNoPortOwner } from '../support/port-owner.js';
import { startUnprivilegedActor, whyNoStranger } from '../support/unprivileged-actor.js';
import { until } from '../support/until.js';

/**
 * The expected pid of a listener that no server has adopted yet. Null if this system does not
 * report it.
 */
const named = (pid: number) => (whyNoPortOwner === null ? pid : null);
/** The time limit of a loop of probes, because each probe takes milliseconds under Wine. */
const LONG_ENOUGH_MS = 15_000;
const IN_USE = expect.objectContaining({ code: 'EADDRINUSE', syscall: 'bind' });

describe('the state of a port', () => {
  test.each(['127.0.0.1', '::1', '0.0.0.0', '::', 'localhost'])(
    'a port on %s is free if no socket uses the port',
    async (host) => {
      const port = await freePort();
      expect(await probePort({ host, port })).toEqual({ state: 'free', host, port, pid: null, cause: null });
    },
  );

  test('a port is free again when its listener is closed, although its connections have not ended yet', async () => {
    const { server, port } = await serverOn({});
    const client = await connected(port);
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
    expect(await probePort({ port })).toMatchObject({ state: 'free' });
  });

  test('a port is listening if a process accepts connections, and the result names the process', async () => {
    const holder = await startActor();
    const { port } = await holder.call<{ port: number }>('bind', { port: 0 });
    expect(await probePort({ port })).toEqual({
      state: 'listening',
      host: '127.0.0.1',
      port,
      pid: named(holder.pid),
      cause: null,
    });
    await holder.call('adopt');
    expect(await probePort({ port })).toMatchObject({ state: 'listening', pid: holder.pid });
  });

  test('a port is reserved if a connection uses it and no process listens, and the result names the process of the connection', async () => {
    const { port } = await serverOn({});
    const { localPort } = await connected(port);
    const { pid, ...others } = await probePort({ port: localPort! });
    expect(others).toEqual({ state: 'reserved', host: '127.0.0.1', port: localPort, cause: IN_USE });
    // Wine reports the process of a connection, even where it does not report the process of a
    // listener.
    expect([process.pid, named(process.pid)]).toContain(pid);
  });

  test.each([
    ['::', '127.0.0.1'],
    ['::', '0.0.0.0'],
    ['0.0.0.0', '127.0.0.2'],
  ])('a port is listening for the wildcard %s if a listener on %s makes a bind fail', async (host, taken) => {
    const listener = bindExclusive({ host: taken, port: 0 });
    onTestFinished(() => listener.close());
    const { port } = listener.address;
    expect(() => bindExclusive({ host, port })).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }));
    expect(await probePort({ host, port })).toMatchObject({ state: 'listening', pid: named(process.pid) });
  });

  test('a port is denied if this user may not bind it', async (ctx) => {
    const missing = whyNoStranger();
    if (missing !== null) return ctx.skip(missing);
    const user = await startUnprivilegedActor();
    if ((await user.call('bindFailure', { port: 80 })) === null)
      return ctx.skip('this system lets every user bind port 80');
    expect(await user.call('probePort', { port: 80 })).toEqual({
      state: 'denied',
      host: '127.0.0.1',
      port: 80,
      pid: null,
      cause: 'EACCES',
    });
  });

  test('a port is denied at once if the address is not local', async () => {
    const started = performance.now();
    expect(await probePort({ host: '192.0.2.1', port: 18789, timeoutMs: 5000 })).toMatchObject({
      state: 'denied',
      cause: { code: 'EADDRNOTAVAIL', address: '192.0.2.1', port: 18789 },
    });
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('a listener that does not accept connections', () => {
  test('a listener that does not accept connections counts as listening if its backlog is full', async () => {
    const { port } = listenerOn({ backlog: 1 }).address;
    await fill(port);
    expect(await probePort({ port, timeoutMs: 200 })).toMatchObject({
      state: 'listening',
      pid: named(process.pid),
      cause: IN_USE,
    });
  });

  test('a listener that does not accept connections counts as listening if its process is stopped, whether the backlog is full or not', async () => {
    const holder = await startActor();
    const { port } = await holder.call<{ port: number }>('bind', { port: 0, backlog: 2 });
    await holder.call('adopt');
    await holder.hang();
    expect(await probePort({ port, timeoutMs: 200 })).toMatchObject({ state: 'listening', pid: holder.pid });
    await fill(port);
    expect(await probePort({ port, timeoutMs: 200 })).toMatchObject({ state: 'listening', pid: holder.pid });
  });

  test('delays the probe by at most timeoutMs', async () => {
    const { port } = listenerOn({ backlog: 1 }).address;
    await fill(port);
    const started = performance.now();
    await probePort({ port, timeoutMs: 300 });
    // Windows refuses a connection to a full backlog at once.
    if (process.platform !== 'win32') expect(performance.now() - started).toBeGreaterThan(290);
    expect(performance.now() - started).toBeLessThan(1300);
  });
});

describe('the port of a host with more than one address', () => {
  test.each(['127.0.0.1', '::1'])(
    'a port on localhost is listening even if a process listens only on %s',
    async (address) => {
      const { port } = listenerOn({ host: address }).address;
      expect(await probePort({ host: 'localhost', port })).toMatchObject({
        state: 'listening',
        host: 'localhost',
        pid: named(process.pid),
      });
    },
  );

  test.each([
    ['0.0.0.0', '127.0.0.1'],
    ['::', '127.0.0.1'],
    ['::', '::1'],
    ['127.0.0.1', '0.0.0.0'],
    ['::1', '::'],
  ])('a listener on %s is found by a probe of %s', async (holder, host) => {
    const { port } = listenerOn({ host: holder }).address;
    expect(await probePort({ host, port })).toMatchObject({ state: 'listening', pid: named(process.pid) });
  });

  test.each([
    ['127.0.0.1', '::1'],
    ['::1', '127.0.0.1'],
    ['::1', '0.0.0.0'],
  ])('a listener on %s leaves the same port free on %s', async (holder, host) => {
    const { port } = listenerOn({ host: holder }).address;
    expect(await probePort({ host, port })).toMatchObject({ state: 'free' });
  });

  test('a port on a wildcard is not free if a socket on another address prevents the bind', async (ctx) => {
    const missing = whyNoAddress('127.0.0.2');
    if (missing !== null) return ctx.skip(missing);
    const { port } = listenerOn({ host: '127.0.0.2' }).address;
    expect((await probePort({ host: '0.0.0.0', port })).state).not.toBe('free');
  });

  test('the result for ::1 names the listener on ::1, not the listener on 0.0.0.0', async (ctx) => {
    need(ctx, whyNoPortOwner);
    const other = await startActor();
    const { port } = await other.call<{ port: number }>('bind', { host: '0.0.0.0', port: 0 });
    listenerOn({ host: '::1', port });
    expect(await probePort({ host: '::1', port })).toMatchObject({ pid: process.pid });
    expect(await probePort({ host: '127.0.0.1', port })).toMatchObject({ pid: other.pid });
  });
});

describe('probePort() without side effects', () => {
  test('probePort() does not disturb concurrent binds of the same port', async () => {
    const port = portThatNoClientGets();
    const prober = await startActor();
    await prober.call('startProbingPort', { port });
    const end = performance.now() + LONG_ENOUGH_MS;
    for (let binds = 0; binds < 20_000 && performance.now() < end; binds++)
      expect(failureOf({ port }), `bind ${binds}`).toBeNull();
    expect(await prober.call('probePort', { port })).toMatchObject({ state: 'free' });
  });

  test('never connects to itself, even if a port is probed many times', () => {
    const choose = () => {
      const listener = bindExclusive({ port: 0 });
      void listener.close();
      return listener.address.port;
    };
    let port = choose();
    const end = performance.now() + LONG_ENOUGH_MS;
    for (let asked = 0; asked < 100_000 && performance.now() < end; asked++) {
      if (native().probePort('127.0.0.1', port) === 'refused') continue;
      // If the probe had connected to itself, there would be no listener. If there is a listener,
      // another process has begun to listen, and the result is right.
      expect(native().hasListener('127.0.0.1', port)).toBe(true);
      port = choose();
    }
    expect(failureOf({ port })).toBeNull();
  }, 120_000);

  test('probePort() does not disturb the probed listener, which keeps serving', async () => {
    const { server, port } = await serverOn({});
    const probes = await Promise.all(Array.from({ length: 100 }, () => probePort({ port })));
    expect(new Set(probes.map(({ state }) => state))).toEqual(new Set(['listening']));
    await until(async () => (await openConnections(server)) === 0, 'the connections of the probes are gone');
  });
});

test.each([
  ['no options', undefined, 'ERR_INVALID_ARG_TYPE'],
  ['port 0', { port: 0 }, 'ERR_OUT_OF_RANGE'],
  ['port 65536', { port: 65536 }, 'ERR_OUT_OF_RANGE'],
  ['a port in a string', { port: '80' }, 'ERR_INVALID_ARG_TYPE'],
  ['a host name', { port: 1, host: 'example.org' }, 'ERR_INVALID_ARG_VALUE'],
  ['timeoutMs NaN', { port: 1, timeoutMs: Number.NaN }, 'ERR_OUT_OF_RANGE'],
])('probePort() refuses %s', async (_, options, code) => {
  await expect(probePort(options as ProbePortOptions)).rejects.toMatchObject({ code });
});

async function connected(port: number) {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/**
 * Returns a port below the ephemeral ports, so that no connection of another test uses it
 * meanwhile.
 */
function portThatNoClientGets(): number {
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  return failureOf({ port }) === null ? port : portThatNoClientGets();
}

/** Opens connections until the backlog is full and the system accepts no more of them. */
function fill(port: number): Promise<void> {
  return until(() => native().probePort('127.0.0.1', port) === 'timed-out', `the backlog of ${port} is full`);
}

function openConnections(server: {
  getConnections(answer: (error: Error | null, count: number) => void): void;
}): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
}
