import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Actor, startActor } from '../support/actors.js';
import { freePort } from '../support/free-port.js';
import { failureOf, serverOn, TAKEN, untilFree } from '../support/listeners.js';

interface Bound {
  readonly holder: Actor;
  readonly port: number;
}

async function startHolder(options: object = {}, execArgv: string[] = []): Promise<Bound> {
  const holder = await startActor({ execArgv });
  const { port } = await holder.call<{ port: number }>('bind', { port: 0, ...options });
  return { holder, port };
}

describe('a port in use', () => {
  test.each(['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::'])(
    'another process can bind a port in use on %s neither with bindExclusive() nor with a plain listen()',
    async (host) => {
      const [{ port }, other] = await Promise.all([startHolder({ host }), startActor()]);
      expect(await other.call('bindFailure', { host, port })).toMatchObject({ code: 'EADDRINUSE', port });
      for (const address of host === 'localhost' ? ['127.0.0.1', '::1'] : [host]) {
        expect(TAKEN).toContain(await other.call('listenPlainly', { host: address, port }));
      }
    },
  );

  test('another process cannot bind the port even if the listener object of the holder was garbage-collected', async () => {
    const { holder, port } = await startHolder({}, ['--expose-gc']);
    for (let times = 0; times < 5; times++) await holder.call('forget', 'listener');
    expect(failureOf({ port })).toMatchObject({ code: 'EADDRINUSE' });
  });

  test('another process cannot bind the port even if the holder is suspended', async () => {
    const { holder, port } = await startHolder();
    await holder.hang();
    expect(failureOf({ port })).toMatchObject({ code: 'EADDRINUSE' });
  });

  test('another process cannot bind the port of a plain listener, and neither can a later plain listen()', async () => {
    const { port } = await serverOn({});
    const other = await startActor();
    expect(await other.call('bindFailure', { port })).toMatchObject({ code: 'EADDRINUSE' });
    expect(await other.call('listenPlainly', { host: '127.0.0.1', port })).toBe('EADDRINUSE');
  });
});

describe('eight processes that bind the same port', () => {
  test('exactly one of eight processes binds a port that was never used', async () => {
    await race(await freePort());
  });

  test('exactly one of eight processes binds a port on which connections of a killed holder are still closing', async () => {
    const { holder, port } = await startHolder();
    await holder.call('adopt');
    await clientsOf(port, 5);
    await holder.kill('SIGKILL');
    await race(port);
  });
});

describe('the release of a port', () => {
  test('a port is free at once after its holder was killed with SIGKILL', async () => {
    const { holder, port } = await startHolder();
    expect(await holder.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    await untilFree({ port });
  });

  test('a port is free at once after its holder exited without closing the listener', async () => {
    const { holder, port } = await startHolder();
    await holder.call('adopt');
    await holder.call('exit', 3);
    expect(await holder.exited).toEqual({ code: 3, signal: null });
    await untilFree({ port });
  });

  test('a port is free at once after its holder was killed although children live on, because the children do not inherit the descriptor', async () => {
    const { holder, port } = await startHolder({ host: 'localhost' });
    const before = await holder.call<number>('spawnChild');
    await holder.call('adopt');
    const after = await holder.call<number>('spawnChild');
    onTestFinished(() => {
      for (const pid of [before, after]) process.kill(pid, 'SIGKILL');
    });
    await holder.kill('SIGKILL');
    for (const pid of [before, after]) expect(process.kill(pid, 0)).toBe(true);
    await untilFree({ host: 'localhost', port });
  });

  test.each(['localhost', '127.0.0.1', '::1', '0.0.0.0', '::'])(
    'a port on %s is free at once after its holder was killed with clients connected',
    async (host) => {
      const { holder, port } = await startHolder({ host });
      await holder.call('adopt');
      await clientsOf(port, 20, host === '::1' ? '::1' : '127.0.0.1');
      await holder.kill('SIGKILL');
      await untilFree({ host, port });
    },
  );

  test('a port is free at once after its holder closed the listener with clients connected', async () => {
    const { holder, port } = await startHolder();
    await holder.call('adopt');
    const clients = await clientsOf(port, 20);
    const ends = Promise.all(clients.map(ended));
    await holder.call('closeListener', { graceMs: 0 });
    await ends;
    await untilFree({ port });
  });

  test('a port is free at once after each of five restarts with clients connected', async () => {
    const port = await freePort();
    for (let restart = 0; restart < 5; restart++) {
      await untilFree({ port });
      const { holder } = await startHolder({ port });
      await holder.call('adopt');
      await clientsOf(port, 3);
      await holder.kill('SIGKILL');
    }
    await untilFree({ port });
  });

  test('a port is free at once after the worker thread that bound it was terminated', async () => {
    const worker = new Worker(new URL('../fixtures/binding-worker.mjs', import.meta.url), { workerData: { port: 0 } });
    onTestFinished(() => void worker.terminate());
    const [{ port }] = await once(worker, 'message');
    expect(failureOf({ port })).toMatchObject({ code: 'EADDRINUSE' });
    await worker.terminate();
    await untilFree({ port });
  });
});

test('a bind fails as long as a connection of another program uses the port', async () => {
  const { port } = await serverOn({});
  // Linux can give one local port to several connections with different endpoints, for example to
  // connections of other tests. At least one of eight connections has its port for itself.
  const connections = await clientsOf(port, 8);
  const taken = connections.map(({ localPort }) => localPort!);
  const other = await startActor();
  const failures = () =>
    Promise.all(taken.map((mine) => other.call<NodeJS.ErrnoException | null>('bindFailure', { port: mine })));
  for (const failure of await failures()) expect(failure).toMatchObject({ code: 'EADDRINUSE', syscall: 'bind' });
  const ends = connections.map(ended);
  for (const connection of connections) connection.resetAndDestroy();
  await Promise.all(ends);
  expect(await failures()).toContain(null);
});

describe('a worker of node:cluster', () => {
  test('a cluster worker adopts its own listener, and the primary cannot bind the port', async () => {
    const primary = await startActor();
    const { port } = await primary.call<{ port: number }>('inClusterWorker', 'bind', { port: 0 });
    await primary.call('inClusterWorker', 'adopt');
    const [client] = await clientsOf(port, 1);
    client!.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const [answer] = await once(client!, 'data');
    const worker = Number(/pid (\d+)/.exec(String(answer))![1]);
    expect(worker).not.toBe(primary.pid);
    expect(await primary.call('probePort', { port })).toMatchObject({ state: 'listening', pid: worker });
    expect(await primary.call('bindFailure', { port })).toMatchObject({ code: 'EADDRINUSE' });
  });

  test('a cluster worker that closes its listener releases the port, because the primary keeps no copy', async () => {
    const primary = await startActor();
    const { port } = await primary.call<{ port: number }>('inClusterWorker', 'bind', { port: 0 });
    await primary.call('inClusterWorker', 'adopt');
    await primary.call('inClusterWorker', 'closeListener');
    expect(failureOf({ port })).toBeNull();
  });
});

/** Makes eight processes bind the port simultaneously. A process that succeeds keeps the port. */
async function race(port: number): Promise<void> {
  const processes = await Promise.all(Array.from({ length: 8 }, () => startActor()));
  const outcomes = await Promise.allSettled(processes.map((other) => other.call('bind', { port })));
  const refusals = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason.code);
  expect(refusals).toEqual(Array(7).fill('EADDRINUSE'));
  expect(failureOf({ port })).toMatchObject({ code: 'EADDRINUSE' });
}

async function clientsOf(port: number, count: number, host = '127.0.0.1'): Promise<Socket[]> {
  const clients = Array.from({ length: count }, () =>
    connect(port, host)
      .on('error', () => {})
      .resume(),
  );
  onTestFinished(() => {
    for (const client of clients) client.destroy();
  });
  await Promise.all(clients.map((client) => once(client, 'connect')));
  return clients;
}

/** Resolves when the connection has ended, whatever the reason. */
function ended(client: Socket): Promise<void> {
  return new Promise((resolve) => client.once('close', () => resolve()));
}
