import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Actor, startActor } from '../support/actors.js';
import { failureOf, serverOn, TAKEN, untilFree } from '../support/listeners.js';
import { freePort } from '../support/places.js';

interface Bound {
  readonly holder: Actor;
  readonly port: number;
}

async function startHolder(options: object = {}, execArgv: string[] = []): Promise<Bound> {
  const holder = await startActor({ execArgv });
  const { port } = await holder.call<{ port: number }>('bind', { port: 0, ...options });
  return { holder, port };
}

describe('while a holder has the port, another process is refused', () => {
  test.each(['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::'])(
    'on %s, by bindExclusive() and by a plain listen',
    async (host) => {
      const [{ port }, contender] = await Promise.all([startHolder({ host }), startActor()]);
      expect(await contender.call('bindFailure', { host, port })).toMatchObject({ code: 'EADDRINUSE', port });
      for (const address of host === 'localhost' ? ['127.0.0.1', '::1'] : [host]) {
        expect(TAKEN).toContain(await contender.call('listenPlainly', { host: address, port }));
      }
    },
  );

  test('also when the holder forgot its listener and garbage was collected', async () => {
    const { holder, port } = await startHolder({}, ['--expose-gc']);
    for (let times = 0; times < 5; times++) await holder.call('forget', 'listener');
    expect(failureOf({ port })).toMatchObject({ code: 'EADDRINUSE' });
  });

  test('also when the holder is stopped', async () => {
    const { holder, port } = await startHolder();
    await holder.hang();
    expect(failureOf({ port })).toMatchObject({ code: 'EADDRINUSE' });
  });

  test('also when it lost against a plain listener first', async () => {
    const { port } = await serverOn({});
    const contender = await startActor();
    expect(await contender.call('bindFailure', { port })).toMatchObject({ code: 'EADDRINUSE' });
    expect(await contender.call('listenPlainly', { host: '127.0.0.1', port })).toBe('EADDRINUSE');
  });
});

describe('of many that want one port at once exactly one gets it', () => {
  test('when it was never used', async () => {
    await race(await freePort());
  });

  test('when connections of a killed holder are still dying there', async () => {
    const { holder, port } = await startHolder();
    await holder.call('adopt');
    await clientsOf(port, 5);
    await holder.kill('SIGKILL');
    await race(port);
  });
});

describe('the port is free at once', () => {
  test('when its holder is killed with SIGKILL', async () => {
    const { holder, port } = await startHolder();
    expect(await holder.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    await untilFree({ port });
  });

  test('when its holder exits without closing anything', async () => {
    const { holder, port } = await startHolder();
    await holder.call('adopt');
    await holder.call('exit', 3);
    expect(await holder.exited).toEqual({ code: 3, signal: null });
    await untilFree({ port });
  });

  test('when its holder is killed and a child of it lives on: no child has the descriptor', async () => {
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
    'when its holder on %s is killed with clients connected',
    async (host) => {
      const { holder, port } = await startHolder({ host });
      await holder.call('adopt');
      await clientsOf(port, 20, host === '::1' ? '::1' : '127.0.0.1');
      await holder.kill('SIGKILL');
      await untilFree({ host, port });
    },
  );

  test('when its holder has closed it orderly with clients connected', async () => {
    const { holder, port } = await startHolder();
    await holder.call('adopt');
    const clients = await clientsOf(port, 20);
    const ends = Promise.all(clients.map(ended));
    await holder.call('closeListener', { graceMs: 0 });
    await ends;
    await untilFree({ port });
  });

  test('for one restart after the other, each with clients that the last one left', async () => {
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

  test('when the worker thread that bound it is terminated', async () => {
    const worker = new Worker(new URL('../fixtures/binding-worker.mjs', import.meta.url), { workerData: { port: 0 } });
    onTestFinished(() => void worker.terminate());
    const [{ port }] = await once(worker, 'message');
    expect(failureOf({ port })).toMatchObject({ code: 'EADDRINUSE' });
    await worker.terminate();
    await untilFree({ port });
  });
});

test('a stranger who has the port and does not listen refuses the bind for as long as he has it', async () => {
  const { port } = await serverOn({});
  // Linux gives one local port to connections that lead to different places, those of other tests among them: of eight
  // strangers one at least has his to himself.
  const strangers = await clientsOf(port, 8);
  const taken = strangers.map(({ localPort }) => localPort!);
  const contender = await startActor();
  const failures = () =>
    Promise.all(taken.map((mine) => contender.call<NodeJS.ErrnoException | null>('bindFailure', { port: mine })));
  for (const failure of await failures()) expect(failure).toMatchObject({ code: 'EADDRINUSE', syscall: 'bind' });
  const ends = strangers.map(ended);
  for (const stranger of strangers) stranger.resetAndDestroy();
  await Promise.all(ends);
  expect(await failures()).toContain(null);
});

describe('in a cluster', () => {
  test('a worker adopts its own listener, and its siblings and its primary cannot have the port', async () => {
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

  test('a worker that closes it frees the port: the primary keeps no copy', async () => {
    const primary = await startActor();
    const { port } = await primary.call<{ port: number }>('inClusterWorker', 'bind', { port: 0 });
    await primary.call('inClusterWorker', 'adopt');
    await primary.call('inClusterWorker', 'closeListener');
    expect(failureOf({ port })).toBeNull();
  });
});

/** Eight actors bind at the same moment; each keeps what it got. */
async function race(port: number): Promise<void> {
  const contenders = await Promise.all(Array.from({ length: 8 }, () => startActor()));
  const outcomes = await Promise.allSettled(contenders.map((contender) => contender.call('bind', { port })));
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

/** In whatever way. */
function ended(client: Socket): Promise<void> {
  return new Promise((resolve) => client.once('close', () => resolve()));
}
