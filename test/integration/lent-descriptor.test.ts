// A server of this process that listens on `{ fd }` of a listener: the lock and the server both own
// the descriptor number, and neither may close a file that has the number later.
import { once } from 'node:events';
import { closeSync, fstatSync, openSync } from 'node:fs';
import type { Server } from 'node:net';
import { devNull } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import { acquireGatewayLock } from '../../src/index.js';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { echo, echoed } from '../support/clients.js';
import { freshDirectory } from '../support/directories.js';
import { failureOf, listenerOn } from '../support/listeners.js';

async function listenOnDescriptor(fd: number): Promise<Server> {
  const server = echo();
  server.listen({ fd });
  await once(server, 'listening');
  return server;
}

/** Opens files until none of the lowest numbers is unused, so that a closed number is used again. */
function openFiles(): number[] {
  const files = Array.from({ length: 20 }, () => openSync(devNull, 'r'));
  onTestFinished(() => {
    for (const fd of files) closeSync(fd);
  });
  return files;
}

const areOpen = (files: readonly number[]) => files.every((fd) => fstatSync(fd).isCharacterDevice());

describe('a server that listens on { fd: listener.fds[0] }', () => {
  test('gets the connections, and the port is free after close() of the listener', async (ctx) => {
    need(ctx, whyNoInheritance);
    const listener = listenerOn({ port: 0 });
    const { port } = listener.address;
    const server = await listenOnDescriptor(listener.fds[0]!);
    expect(await echoed('127.0.0.1', port, 'ping')).toBe('ping');
    await listener.close();
    expect(failureOf({ port })).toBeNull();
    server.close();
    await once(server, 'close');
  });

  test('closes no unrelated file if the server is closed after the listener', async (ctx) => {
    need(ctx, whyNoInheritance);
    const listener = listenerOn({ port: 0 });
    const server = await listenOnDescriptor(listener.fds[0]!);
    await listener.close();
    const files = openFiles();
    server.close();
    await once(server, 'close');
    expect(areOpen(files)).toBe(true);
  });

  test('closes no unrelated file if the listener is closed after the server', async (ctx) => {
    need(ctx, whyNoInheritance);
    const listener = listenerOn({ port: 0 });
    const server = await listenOnDescriptor(listener.fds[0]!);
    server.close();
    await once(server, 'close');
    const files = openFiles();
    await listener.close();
    expect(areOpen(files)).toBe(true);
  });

  test('closes no unrelated file if another server adopts the listener', async (ctx) => {
    need(ctx, whyNoInheritance);
    const listener = listenerOn({ port: 0 });
    const { port } = listener.address;
    const server = await listenOnDescriptor(listener.fds[0]!);
    await listener.listen(echo());
    const files = openFiles();
    server.close();
    await once(server, 'close');
    expect(areOpen(files)).toBe(true);
    expect(await echoed('127.0.0.1', port, 'ping')).toBe('ping');
    await listener.close();
    expect(failureOf({ port })).toBeNull();
  });

  test('leaves a listener that cannot be adopted if the server is closed', async (ctx) => {
    need(ctx, whyNoInheritance);
    const listener = listenerOn({ port: 0 });
    const server = await listenOnDescriptor(listener.fds[0]!);
    server.close();
    await once(server, 'close');
    await expect(listener.listen(echo())).rejects.toMatchObject({ code: 'EBADF' });
  });
});

test('the inheritance of a gateway, which other programs use, leaves no descriptor open after close()', async (ctx) => {
  need(ctx, whyNoInheritance);
  const gateway = await acquireGatewayLock({ stateDir: freshDirectory(), port: 0, env: {} });
  const { descriptors } = gateway.inheritance;
  expect(descriptors).toHaveLength(3);
  await gateway.close();
  for (const fd of descriptors) expect(() => fstatSync(fd)).toThrow('EBADF');
});
