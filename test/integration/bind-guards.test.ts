// Guards: on macOS a server on a wildcard also binds the loopback addresses, because macOS would
// allow another program to bind 127.0.0.1 beside 0.0.0.0. Linux does not, so these tests use
// 127.0.0.2 in place of the wildcard. native/test/listener_darwin_test.cc tests the rule on macOS.
import { createServer } from 'node:net';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { addressesOf, connectableAddresses } from '../../src/endpoint.js';
import { bindExclusive } from '../../src/index.js';
import { echo, echoed } from '../support/clients.js';
import { failureOf, listenerOn, serverOn } from '../support/listeners.js';
import { whyNoAddress } from '../support/loopbacks.js';

const GUARDED = '127.0.0.2';
vi.mock('../../src/native/platform.js', async (original) => ({
  ...(await original<object>()),
  addressesToGuard: (address: string) => (address === '127.0.0.2' ? ['127.0.0.1', '::1'] : []),
}));

beforeEach((ctx) => {
  const missing = whyNoAddress(GUARDED);
  if (missing !== null) ctx.skip(missing);
});

const LOOPBACKS = ['127.0.0.1', '::1'].filter((address) => whyNoAddress(address) === null);

test('a server accepts connections on each guarded address, and no other socket can bind the address', async () => {
  const { port } = await guardedServer();
  for (const address of [GUARDED, ...LOOPBACKS]) {
    expect(await echoed(address, port, 'hello'), address).toBe('hello');
    expect(failureOf({ host: address, port })?.code, address).toBe('EADDRINUSE');
  }
});

test('close() of a listener frees each guarded address', async () => {
  const { listener, port } = await guardedServer();
  await listener.close();
  for (const address of [GUARDED, ...LOOPBACKS]) expect(failureOf({ host: address, port }), address).toBeNull();
});

test('listen() rejects with EADDRINUSE, and the server does not listen at all, if a guarded address is in use', async () => {
  const { port } = await serverOn({ host: LOOPBACKS.at(-1)! });
  const listener = bindExclusive({ host: GUARDED, port });
  const server = createServer();
  await expect(listener.listen(server)).rejects.toMatchObject({ code: 'EADDRINUSE', address: LOOPBACKS.at(-1) });
  expect(server.listening).toBe(false);
  for (const address of [GUARDED, '127.0.0.1'].filter((address) => address !== LOOPBACKS.at(-1)))
    expect(failureOf({ host: address, port }), address).toBeNull();
});

test('the descriptors that a child inherits do not include the sockets of guarded addresses', () => {
  const { fds } = listenerOn({ host: GUARDED });
  expect(fds.length).toBe(process.platform === 'win32' ? 0 : 1);
});

test('connectableAddresses() returns both loopback addresses for ::, and one address for any other host', () => {
  expect(connectableAddresses('::')).toEqual(['::1', '127.0.0.1']);
  expect(connectableAddresses('0.0.0.0')).toEqual(['127.0.0.1']);
  expect(addressesOf('localhost').flatMap(connectableAddresses)).toEqual(['127.0.0.1', '::1']);
});

async function guardedServer() {
  const listener = listenerOn({ host: GUARDED });
  await listener.listen(echo());
  onTestFinished(() => listener.close({ graceMs: 0 }));
  return { listener, port: listener.address.port };
}
