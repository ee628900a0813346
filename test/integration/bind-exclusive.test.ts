import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { getSystemErrorMap } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { acquireGatewayLock, type BindExclusiveOptions, bindExclusive } from '../../src/index.js';
import { native } from '../../src/native/load.js';
import { httpServersAdopt, need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { failureOf, listenerOn, serverOn } from '../support/listeners.js';
import { whyNoAddress } from '../support/loopbacks.js';
import { startUnprivilegedActor, whyNoStranger } from '../support/unprivileged-actor.js';

const TCP_COUNTERS = '/proc/net/snmp';
/** The system's limit for the backlog (Linux). */
const SOMAXCONN = '/proc/sys/net/core/somaxconn';

describe('bindExclusive()', () => {
  test.each([
    ['127.0.0.1', 'IPv4'],
    ['::1', 'IPv6'],
    ['0.0.0.0', 'IPv4'],
    ['::', 'IPv6'],
  ])('listens on %s and returns the address', async (host, family) => {
    const { address, exclusive } = listenerOn({ host });
    expect({ address, exclusive }).toEqual({
      address: { address: host, family, port: expect.any(Number) },
      exclusive: httpServersAdopt,
    });
    expect(address.port).toBeGreaterThan(0);
    expect(native().probePort(host, address.port)).toBe('accepted');
  });

  test('binds 127.0.0.1 by default', () => {
    expect(listenerOn({}).address.address).toBe('127.0.0.1');
  });

  test('accepts IPv4 connections, too, on the wildcard ::, same as Node', () => {
    const { port } = listenerOn({ host: '::' }).address;
    expect(native().probePort('127.0.0.1', port)).toBe('accepted');
  });

  test('binds a different free port on each call with port 0', () => {
    const ports = Array.from({ length: 20 }, () => listenerOn({}).address.port);
    expect(new Set(ports).size).toBe(20);
  });

  test('binds the same port on both loopback addresses for localhost', (ctx) => {
    need(ctx, whyNoAddress('::1'));
    const { address } = listenerOn({ host: 'localhost' });
    expect(address).toMatchObject({ address: '127.0.0.1', family: 'IPv4' });
    for (const host of ['127.0.0.1', '::1']) expect(native().probePort(host, address.port)).toBe('accepted');
  });

  test.each([
    ['127.0.0.1', '::1'],
    ['::1', '127.0.0.1'],
  ])('bindExclusive() fails for localhost if %s is in use, and leaves %s free', async (taken, other) => {
    const { port } = await serverOn({ host: taken });
    expect(failureOf({ host: 'localhost', port })).toMatchObject({ code: 'EADDRINUSE', address: taken, port });
    expect(native().probePort(other, port)).toBe('refused');
    expect(failureOf({ host: other, port })).toBeNull();
  });

  test('bindExclusive() can bind the same port again at once after each close of the listener', async () => {
    const { port } = listenerOn({}).address;
    expect(failureOf({ port })).toMatchObject({ code: 'EADDRINUSE' });
    const other = await freePort();
    for (let round = 0; round < 50; round++) await bindExclusive({ port: other }).close();
  });
});

describe('connections to a listener before listen(server)', () => {
  test('early connections are served as soon as a server listens', async () => {
    const listener = listenerOn({});
    const asked = Promise.all([1, 2, 3].map((id) => ask(listener.address.port, `/${id}`)));
    const server = createServer((incoming, response) => response.end(`served ${incoming.url}`));
    const [answers] = await Promise.all([asked, listener.listen(server)]);
    expect(answers).toEqual(['served /1', 'served /2', 'served /3']);
  });

  test('early connections wait in a backlog of the given length', () => {
    const short = listenerOn({ backlog: 1 }).address.port;
    const long = listenerOn({ backlog: 100 }).address.port;
    const answers = (port: number) => Array.from({ length: 50 }, () => native().probePort('127.0.0.1', port));
    expect(answers(long)).not.toContain('timed-out');
    expect(answers(short)).toContain('timed-out');
  });

  test('the backlog is 4096, also for a gateway, unless the system has a lower limit', async (ctx) => {
    const limit = existsSync(SOMAXCONN) ? Number(readFileSync(SOMAXCONN, 'utf8')) : 128;
    if (limit < 1000) return ctx.skip(`the system limits the backlog to ${limit}`);
    const gateway = await acquireGatewayLock({ stateDir: freshDirectory(), port: 0, env: {} });
    onTestFinished(() => gateway.close());
    for (const port of [listenerOn({}).address.port, gateway.port]) {
      const answers = Array.from({ length: 900 }, () => native().probePort('127.0.0.1', port));
      expect(answers).not.toContain('timed-out');
    }
  });
});

describe('the errors of bindExclusive()', () => {
  test("bindExclusive() throws EADDRINUSE with the fields and the text of Node's error", async () => {
    for (const host of ['127.0.0.1', '::1', '0.0.0.0', '::']) {
      const { port } = listenerOn({ host }).address;
      const error = failureOf({ host, port })!;
      expect(shapeOf(error)).toEqual(nodeShape('EADDRINUSE', error.syscall!, host, port));
      const node = await serverOn({ host, port }).catch((refused) => refused);
      // Windows reports EACCES for a plain bind beside an exclusive one on the wildcard.
      if (node.code === 'EACCES') continue;
      expect({ ...shapeOf(error), syscall: 'listen', message: '' }).toEqual({ ...shapeOf(node), message: '' });
    }
  });

  test('bindExclusive() throws EACCES for an unprivileged user on port 80, same as Node', async (ctx) => {
    need(ctx, whyNoStranger() ?? whyPort80IsOpen());
    const user = await startUnprivilegedActor();
    const error = await user.call<NodeJS.ErrnoException>('bindFailure', { port: 80 });
    expect(shapeOf(error)).toEqual(nodeShape('EACCES', 'bind', '127.0.0.1', 80));
  });

  test('bindExclusive() throws EADDRNOTAVAIL for an address that is not local, and sends no packet', (ctx) => {
    if (!existsSync(TCP_COUNTERS)) return ctx.skip('this system does not count outgoing connections');
    const failed = quietly(() => failureOf({ host: '192.0.2.1', port: 18789 }));
    expect(shapeOf(failed.answer!)).toEqual(nodeShape('EADDRNOTAVAIL', 'bind', '192.0.2.1', 18789));
    expect(failed.connects).toBe(0);
    const asked = quietly(() => expect(() => native().probePort('192.0.2.1', 18789)).toThrow('bind EADDRNOTAVAIL'));
    expect(asked.connects).toBe(0);
    expect(quietly(() => native().probePort('127.0.0.1', 1), 20).connects, 'one that does begin').toBeGreaterThan(0);
  });
});

describe('bindExclusive() and wrong arguments', () => {
  test.each([
    ['no options', undefined, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['null', null, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['a number for options', 18789, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['no port', {}, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['a port in a string', { port: '0' }, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['port 65536', { port: 65536 }, 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['port -1', { port: -1 }, 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['port 0.5', { port: 0.5 }, 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['a host name', { port: 0, host: 'example.org' }, 'TypeError', 'ERR_INVALID_ARG_VALUE'],
    ['a host that is not a string', { port: 0, host: 1 }, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['backlog 0', { port: 0, backlog: 0 }, 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['backlog as text', { port: 0, backlog: '5' }, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['backlog 1.5', { port: 0, backlog: 1.5 }, 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['backlog 2 ** 31', { port: 0, backlog: 2 ** 31 }, 'RangeError', 'ERR_OUT_OF_RANGE'],
  ])('bindExclusive() refuses %s', (_, options, name, code) => {
    expect(() => bindExclusive(options as BindExclusiveOptions)).toThrow(expect.objectContaining({ name, code }));
  });
});

function whyPort80IsOpen(): string | null {
  const first = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  return first > 80 ? null : `this system lets every user bind ports from ${first}`;
}

async function ask(port: number, path: string): Promise<string> {
  const asked = request({ port, path, host: '127.0.0.1', agent: false }).end();
  const [response] = await once(asked, 'response');
  return text(response);
}

function shapeOf({
  name,
  message,
  code,
  errno,
  syscall,
  address,
  port,
}: NodeJS.ErrnoException & { address?: string; port?: number }) {
  return { name, message, code, errno, syscall, address, port };
}

function nodeShape(code: string, syscall: string, address: string, port: number) {
  const [errno, [, words]] = [...getSystemErrorMap()].find(([, [name]]) => name === code)!;
  expect(['bind', 'listen']).toContain(syscall);
  return {
    name: 'Error',
    message: `${syscall} ${code}: ${words} ${address}:${port}`,
    code,
    errno,
    syscall,
    address,
    port,
  };
}

/**
 * Returns the number of connections that the action begins. The result is the minimum of many runs,
 * because the system also counts the connections of other processes.
 */
function quietly<T>(action: () => T, most = 1000): { answer: T; connects: number } {
  let connects = Number.POSITIVE_INFINITY;
  let answer!: T;
  for (let tries = 0; tries < most && connects > 0; tries++) {
    const before = activeOpens();
    answer = action();
    connects = Math.min(connects, activeOpens() - before);
  }
  return { answer, connects };
}

function activeOpens(): number {
  const [names, values] = readFileSync(TCP_COUNTERS, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  return Number(values![names!.indexOf('ActiveOpens')]);
}
