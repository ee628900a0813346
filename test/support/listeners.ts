// Listeners of this package and plain ones of Node's, gone when the test has finished.
import { once } from 'node:events';
import { createServer, type ListenOptions, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { type BindExclusiveOptions, type BoundListener, bindExclusive } from '../../src/index.js';

/** Port 0 unless said otherwise. */
export function listenerOn(options: Partial<BindExclusiveOptions>): BoundListener {
  const listener = bindExclusive({ port: 0, ...options });
  onTestFinished(() => listener.close({ graceMs: 0 }));
  return listener;
}

/** null when it could be bound, and then it is free again. */
export function failureOf(options: BindExclusiveOptions): NodeJS.ErrnoException | null {
  try {
    void bindExclusive(options).close();
    return null;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

/** What a bind is refused with. Of a plain one, Windows says EACCES beside an exclusive socket on the wildcard. */
export const TAKEN: readonly string[] = process.platform === 'win32' ? ['EADDRINUSE', 'EACCES'] : ['EADDRINUSE'];

/** Windows tells of the end of a process before it has closed its sockets. */
const CLOSING_MS = process.platform === 'win32' ? 5000 : 0;

export async function untilFree(options: BindExclusiveOptions): Promise<void> {
  const deadline = performance.now() + CLOSING_MS;
  while (failureOf(options) !== null && performance.now() < deadline) await sleep(10);
  expect(failureOf(options)).toBeNull();
}

/** A server that does nothing with its connections. Rejects with Node's error. */
export async function serverOn(options: ListenOptions): Promise<{ server: Server; port: number }> {
  return listening(createServer(), options);
}

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
