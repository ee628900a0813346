// Creates this package's listeners and Node's servers, and closes them after the test.
import { once } from 'node:events';
import { createServer, type ListenOptions, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { type BindExclusiveOptions, type BoundListener, bindExclusive } from '../../src/index.js';

/** Binds exclusively, by default to port 0. */
export function listenerOn(options: Partial<BindExclusiveOptions>): BoundListener {
  const listener = bindExclusive({ port: 0, ...options });
  onTestFinished(() => listener.close({ graceMs: 0 }));
  return listener;
}

/** Binds a port and releases it. Returns the error of the bind, or null if the bind succeeds. */
export function failureOf(options: BindExclusiveOptions): NodeJS.ErrnoException | null {
  try {
    void bindExclusive(options).close();
    return null;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

/**
 * The error codes of a refused bind. On Windows a plain bind that conflicts with an exclusive
 * wildcard socket fails with EACCES.
 */
export const TAKEN: readonly string[] = process.platform === 'win32' ? ['EADDRINUSE', 'EACCES'] : ['EADDRINUSE'];

/**
 * The time limit for a bind, because Windows reports the end of a process before it closes its
 * sockets.
 */
const CLOSING_MS = process.platform === 'win32' ? 5000 : 0;

/** Waits until a bind succeeds. */
export async function untilFree(options: BindExclusiveOptions): Promise<void> {
  const deadline = performance.now() + CLOSING_MS;
  while (failureOf(options) !== null && performance.now() < deadline) await sleep(10);
  expect(failureOf(options)).toBeNull();
}

/** Starts a server that ignores its connections. Rejects with Node's error. */
export async function serverOn(options: ListenOptions): Promise<{ server: Server; port: number }> {
  return listening(createServer(), options);
}

/** Makes a server listen, by default on a free port of 127.0.0.1. */
export async function listening(
  server: Server,
  options: ListenOptions = {},
): Promise<{ server: Server; port: number }> {
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
  });
  server.listen({ port: 0, host: '127.0.0.1', ...options });
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { server, port: (server.address() as { port: number }).port };
}
