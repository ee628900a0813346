// close({ drain, graceMs }): stops accepting, drains, waits for open connections, destroys the rest,
// and only then releases the locks.
import { once } from 'node:events';
import { connect as connectHttp2, createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { acquireGatewayLock, type GatewayLock, probeLock, probePort } from '../../src/index.js';
import { connected, echo, greeter, openWebSocket } from '../support/clients.js';
import { freshDirectory } from '../support/directories.js';

/** Longer than a test may run: a close() that waits this long fails the test. */
const ENDLESS_MS = 600_000;

async function gateway(options = {}): Promise<GatewayLock> {
  const lock = await acquireGatewayLock({ port: 0, stateDir: freshDirectory(), env: {}, ...options });
  onTestFinished(() => lock.close({ graceMs: 0 }));
  return lock;
}

const lockStates = (lock: GatewayLock) => lock.lockPaths.map((path) => probeLock(path).state);

function deferred() {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe('the drain step of close()', () => {
  test('runs after the port is closed, while open connections stay usable and the locks are held', async () => {
    const lock = await gateway();
    await lock.listen(echo());
    const client = await connected(lock.port);
    const ended = once(client, 'close');
    let seen: unknown;
    await lock.close({
      graceMs: ENDLESS_MS,
      drain: async () => {
        const { state } = await probePort({ port: lock.port });
        client.write('still here');
        const [reply] = await once(client, 'data');
        seen = { listening: state === 'listening', reply: String(reply), locks: lockStates(lock) };
        client.end();
      },
    });
    expect(seen).toEqual({ listening: false, reply: 'still here', locks: ['held', 'held'] });
    await ended;
    expect(lockStates(lock)).not.toContain('held');
  });

  test('can close WebSocket clients with code 1001, which then do not delay close()', async () => {
    const lock = await gateway();
    const server = greeter();
    const sockets = new WebSocketServer({ server });
    await lock.listen(server);
    const client = await openWebSocket('127.0.0.1', lock.port);
    const ended = once(client, 'close');
    const drain = () => {
      for (const socket of sockets.clients) socket.close(1001);
    };
    await lock.close({ drain, graceMs: ENDLESS_MS });
    expect((await ended)[0]).toBe(1001);
  });

  test('can close idle http2 sessions, which then do not delay close()', async () => {
    const lock = await gateway();
    const sessions = new Set<ServerHttp2Session>();
    const server = createHttp2Server().on('session', (session) => sessions.add(session));
    await lock.listen(server);
    const client = connectHttp2(`http://127.0.0.1:${lock.port}`);
    onTestFinished(() => client.destroy());
    await once(client, 'remoteSettings');
    const drain = () => {
      for (const session of sessions) session.close();
    };
    await lock.close({ drain, graceMs: ENDLESS_MS });
  });

  test('runs without a listener too, with the locks held', async () => {
    const lock = await gateway({ bind: false });
    let seen: unknown;
    await lock.close({
      drain: () => {
        seen = lockStates(lock);
      },
    });
    expect(seen).toEqual(['held', 'held']);
    expect(lockStates(lock)).not.toContain('held');
  });
});

describe('a drain step that fails', () => {
  test.each([
    [
      'throws',
      () => {
        throw new Error('disk full');
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
  ])('%s: close() rejects with the error after everything is released', async (_how, drain) => {
    const lock = await gateway();
    await lock.listen(echo());
    const client = await connected(lock.port);
    const ended = once(client, 'close');
    await expect(lock.close({ drain, graceMs: 0 })).rejects.toThrow('disk full');
    await ended;
    expect(lockStates(lock)).not.toContain('held');
    expect(await probePort({ port: lock.port })).not.toMatchObject({ state: 'listening' });
    await lock.close();
  });

  test('leaves the open connections their grace period', async () => {
    const lock = await gateway();
    await lock.listen(echo());
    const client = await connected(lock.port);
    const closing = lock.close({ drain: () => Promise.reject(new Error('disk full')), graceMs: ENDLESS_MS });
    client.write('still here');
    expect(String((await once(client, 'data'))[0])).toBe('still here');
    client.end();
    await expect(closing).rejects.toThrow('disk full');
  });

  test.each([5, 'fast', null])('%j instead of a function is refused, and nothing is closed', async (drain) => {
    const lock = await gateway();
    const closing = lock.close({ drain: drain as never });
    await expect(closing).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(lockStates(lock)).toEqual(['held', 'held']);
  });
});

describe('several calls of close()', () => {
  test.each([true, false])('every call waits for the drain step (with a listener: %j)', async (bind) => {
    const lock = await gateway({ bind });
    const step = deferred();
    const first = lock.close({ drain: () => step.promise });
    let over = false;
    const second = lock.close({ graceMs: 0 }).then(() => {
      over = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([over, lockStates(lock)]).toEqual([false, ['held', 'held']]);
    step.resolve();
    await Promise.all([first, second]);
    expect(lockStates(lock)).not.toContain('held');
  });

  test('a call without a drain step waits for the one that a later call passes', async () => {
    const lock = await gateway();
    await lock.listen(echo());
    const client = await connected(lock.port);
    const step = deferred();
    let over = false;
    const first = lock.close({ graceMs: ENDLESS_MS }).then(() => {
      over = true;
    });
    const second = lock.close({ drain: () => step.promise, graceMs: ENDLESS_MS });
    client.end();
    await once(client, 'close');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([over, lockStates(lock)]).toEqual([false, ['held', 'held']]);
    step.resolve();
    await Promise.all([first, second]);
  });

  test('a later graceMs ends a drain step that waits for its clients', async () => {
    const lock = await gateway();
    const server = echo();
    await lock.listen(server);
    const accepted = once(server, 'connection');
    await connected(lock.port);
    const [socket] = await accepted;
    const first = lock.close({ drain: () => once(socket, 'close'), graceMs: ENDLESS_MS });
    await lock.close({ graceMs: 0 });
    await first;
  });

  test('the drain step can write after the last connection has ended, with the locks held', async () => {
    const lock = await gateway();
    const server = echo();
    await lock.listen(server);
    const accepted = once(server, 'connection');
    const client = await connected(lock.port);
    const [socket] = await accepted;
    const seen: unknown[] = [];
    const drain = async (connectionsEnded: Promise<void>) => {
      client.end();
      await connectionsEnded;
      seen.push(socket.destroyed, lockStates(lock));
    };
    await lock.close({ drain, graceMs: ENDLESS_MS });
    expect(seen).toEqual([true, ['held', 'held']]);
  });

  test('only the first drain step is called, and only its call reports its error', async () => {
    const lock = await gateway();
    const called: string[] = [];
    const drain = (name: string) => () => {
      called.push(name);
      throw new Error(name);
    };
    const results = await Promise.allSettled([
      lock.close({ drain: drain('first') }),
      lock.close({ drain: drain('second') }),
    ]);
    expect(called).toEqual(['first']);
    expect(results).toMatchObject([{ status: 'rejected', reason: { message: 'first' } }, { status: 'fulfilled' }]);
  });
});
