import { once } from 'node:events';
import { chownSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { probeHealth, probeLock } from '../../src/index.js';
import { type Actor, startActor } from '../support/actors.js';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { whyNoPortOwner } from '../support/port-owner.js';
import { STRANGER, startUnprivilegedActor, whyNoStranger } from '../support/unprivileged-actor.js';

interface Held {
  readonly url: string;
  readonly port: number;
  readonly reclaimed: string | null;
  readonly owner: { pid: number };
}

async function freshOptions() {
  return { stateDir: freshDirectory(), port: await freePort(), env: {} };
}

async function startGateway(options: object, actor?: Actor): Promise<{ actor: Actor; held: Held }> {
  const running = actor ?? (await startActor());
  const held = await running.call<Held>('gateway', options);
  await running.call('serve');
  return { actor: running, held };
}

function locksOf(stateDir: string): string[] {
  const directory = join(stateDir, 'tmp', readdirSync(join(stateDir, 'tmp'))[0]!);
  return readdirSync(directory).map((name) => join(directory, name));
}

/**
 * The possible error codes. Under Wine a process takes seconds to start, so the winner may not
 * listen within timeoutMs, and the others fail with ERR_GATEWAY_LOCKED.
 */
const LOSERS = process.platform === 'win32' ? /^ERR_GATEWAY_(PORT_IN_USE|LOCKED)$/ : /^ERR_GATEWAY_PORT_IN_USE$/;
/** The number of rounds: fewer under Wine, where a process takes a second to start. */
const ROUNDS = process.platform === 'win32' ? 10 : 30;

test('of eight gateways that start simultaneously exactly one runs, and the errors of the others name it', async () => {
  const options = await freshOptions();
  const actors = await Promise.all(Array.from({ length: 8 }, () => startActor()));
  const results = await Promise.allSettled(
    actors.map((actor) => actor.call<Held>('gateway', { ...options, timeoutMs: 300 })),
  );
  const winners = results.filter((result) => result.status === 'fulfilled');
  expect(winners).toHaveLength(1);
  const pid = winners[0]!.value.owner.pid;
  for (const result of results) {
    if (result.status === 'rejected') {
      expect(result.reason).toMatchObject({
        code: expect.stringMatching(LOSERS) as string,
        owner: { pid },
        ownerAlive: true,
        exitCode: 1,
      });
    }
  }
});

test('a refused gateway does not disturb the running gateway', async () => {
  const options = await freshOptions();
  const { actor } = await startGateway(options);
  const before = locksOf(options.stateDir).map((path) => readFileSync(path, 'utf8'));
  const second = await startActor();
  await expect(second.call('gateway', options)).rejects.toMatchObject({ code: 'ERR_GATEWAY_PORT_IN_USE' });
  await expect(second.call('gateway', { ...options, stateDir: freshDirectory() })).rejects.toMatchObject({
    hint: expect.stringContaining(`pid ${actor.pid}`),
  });
  expect(locksOf(options.stateDir).map((path) => readFileSync(path, 'utf8'))).toEqual(before);
  expect(await probeHealth({ port: options.port })).toMatchObject({ healthy: true });
});

describe('the next gateway after kill -9', () => {
  test('the next gateway starts at once on the same port after kill -9 of a gateway that was serving', async () => {
    const options = await freshOptions();
    const { actor } = await startGateway(options);
    expect(await actor.kill('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
    expect(probeLock(locksOf(options.stateDir)[0]!)).toMatchObject({ state: 'leftover', ownerAlive: false });
    const { held } = await startGateway(options);
    expect(held.reclaimed).toBe('owner-gone');
    expect(await probeHealth({ port: options.port })).toMatchObject({ healthy: true });
  });

  test('the next gateway starts at once after kill -9 of a gateway that held the locks but did not listen yet', async () => {
    const options = await freshOptions();
    const actor = await startActor();
    await actor.call('gateway', { ...options, bind: false });
    await actor.kill('SIGKILL');
    expect((await startGateway(options)).held.reclaimed).toBe('owner-gone');
  });

  const leftovers: [string, (record: string) => string, string | null][] = [
    ['a truncated record', (record) => record.slice(0, 40), 'stale'],
    ['an empty record', () => '', null],
    ['a record that is not JSON', () => '\0\0{]not json', 'stale'],
    [
      'a record with the pid of another living process',
      (record) => record.replace(/"pid":\d+/, `"pid":${process.ppid}`),
      'owner-gone',
    ],
    ['a record of an older gateway without any proof of life', () => `{"pid":${process.ppid}}`, 'port-free'],
  ];
  test.each(leftovers)(
    'the next gateway starts at once after kill -9 of a gateway that left %s',
    async (_what, damage, reason) => {
      const options = await freshOptions();
      const { actor } = await startGateway(options);
      await actor.kill('SIGKILL');
      for (const path of locksOf(options.stateDir)) writeFileSync(path, damage(readFileSync(path, 'utf8')));
      const successor = await startActor();
      expect((await startGateway({ ...options, timeoutMs: 0 }, successor)).held.reclaimed).toBe(reason);
    },
  );

  test(`the next gateway starts at once after ${ROUNDS} gateways were killed at random moments of their start`, async () => {
    const options = await freshOptions();
    for (let round = 0; round < ROUNDS; round++) {
      const actor = await startActor();
      const starting = actor.call('gateway', options).catch(() => {});
      setTimeout(() => process.kill(actor.pid, 'SIGKILL'), Math.random() * 8);
      await Promise.all([actor.exited, starting]);
    }
    expect((await startGateway({ ...options, timeoutMs: 0 })).held.url).toBe(`ws://127.0.0.1:${options.port}`);
  });
});

describe('a start on a port that is still in use after its gateway was killed', () => {
  /** Starts and kills a gateway, so that the lock files of a dead owner are left. */
  async function leaveLocks(actor: Actor, options: object): Promise<void> {
    await actor.call('gateway', options);
    await actor.kill('SIGKILL');
  }

  async function listenOn(port: number): Promise<Server> {
    const server = createServer().listen(port, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    return server;
  }

  // Uses the listener of another user: the system does not report its pid, same as for the socket
  // of a dying process.
  test('a start on a port that is still in use after its gateway was killed waits while the system does not report the pid of the listener', async (ctx) => {
    need(ctx, whyNoStranger());
    const stateDir = freshDirectory();
    chownSync(stateDir, STRANGER.uid, STRANGER.gid);
    const options = { stateDir, port: await freePort(), env: {}, timeoutMs: 30_000 };
    await leaveLocks(await startUnprivilegedActor(), options);
    const server = await listenOn(options.port);
    const starting = (await startUnprivilegedActor()).call<Held>('gateway', options);
    // Waits longer than the grace period for a listener that is known to be alive.
    setTimeout(() => server.close(), 1000);
    expect((await starting).reclaimed).toBe('owner-gone');
  });

  test('a start on a port that is still in use after its gateway was killed fails if a living process listens on the port', async (ctx) => {
    need(ctx, whyNoPortOwner);
    const options = { stateDir: freshDirectory(), port: await freePort(), env: {}, timeoutMs: 600_000 };
    await leaveLocks(await startActor(), options);
    await listenOn(options.port);
    await expect((await startActor()).call('gateway', options)).rejects.toMatchObject({
      code: 'ERR_GATEWAY_PORT_IN_USE',
      hint: expect.stringContaining(`${process.pid}`),
    });
  });
});

test('a gateway whose process ends because it has no more work releases everything and leaves no lock file', async () => {
  const options = await freshOptions();
  const { actor } = await startGateway(options);
  await actor.call('finish');
  expect(await actor.exited).toEqual({ code: 0, signal: null });
  expect(locksOf(options.stateDir)).toEqual([]);
});

test('process.exit() without close() releases locks and port, and the lock files that remain block nothing', async () => {
  const options = await freshOptions();
  const { actor } = await startGateway(options);
  await actor.call('exit', 3);
  expect(await actor.exited).toEqual({ code: 3, signal: null });
  expect((await startGateway({ ...options, timeoutMs: 0 })).held.reclaimed).toBe('owner-gone');
});

test('a gateway that waits for a listening gateway starts when that gateway is killed (ten times)', async () => {
  const options = { ...(await freshOptions()), whenListening: 'wait', timeoutMs: 30_000 };
  let { actor } = await startGateway(options);
  for (let round = 0; round < 10; round++) {
    const next = await startActor();
    const waiting = next.call<Held>('gateway', options);
    await actor.kill('SIGKILL');
    expect((await waiting).reclaimed).toBe('owner-gone');
    await next.call('serve');
    actor = next;
  }
});

test('a start fails with ERR_GATEWAY_BIND_FAILED and leaves no lock file if the user may not bind the port', async (ctx) => {
  const missing = whyNoStranger();
  if (missing !== null) return ctx.skip(missing);
  const user = await startUnprivilegedActor();
  if ((await user.call('bindFailure', { port: 80 })) === null)
    return ctx.skip('every user may bind port 80 on this system');
  const stateDir = freshDirectory();
  chownSync(stateDir, STRANGER.uid, STRANGER.gid);
  await expect(user.call('gateway', { stateDir, port: 80, env: {} })).rejects.toMatchObject({
    code: 'ERR_GATEWAY_BIND_FAILED',
    message: 'failed to bind gateway socket on ws://127.0.0.1:80: bind EACCES: permission denied 127.0.0.1:80',
    hint: expect.stringContaining('1024'),
  });
  expect(locksOf(stateDir)).toEqual([]);
});

test('a suspended gateway (SIGSTOP) keeps its locks and its port, and the error of the next start names it', async () => {
  const options = await freshOptions();
  const { actor } = await startGateway(options);
  await actor.hang();
  const second = await startActor();
  await expect(second.call('gateway', options)).rejects.toMatchObject({ owner: { pid: actor.pid }, ownerAlive: true });
});

test('an older gateway that is alive and listens keeps its state directory and its record', async () => {
  const options = await freshOptions();
  const { actor } = await startGateway(options);
  const paths = locksOf(options.stateDir);
  const record = JSON.parse(readFileSync(paths[0]!, 'utf8')) as Record<string, unknown>;
  const stateDir = freshDirectory();
  const old = JSON.stringify({
    pid: actor.pid,
    createdAt: record['createdAt'],
    startTime: record['startTime'],
    port: options.port,
  });
  const successor = await startActor();
  await successor.call('gateway', { ...options, stateDir, port: 0, bind: false });
  await successor.call('close');
  const lockPath = join(stateDir, 'tmp', readdirSync(join(stateDir, 'tmp'))[0]!, 'gateway.state.lock');
  writeFileSync(lockPath, old);
  const other = await freePort();
  await expect(successor.call('gateway', { ...options, stateDir, port: other, timeoutMs: 50 })).rejects.toMatchObject({
    code: 'ERR_GATEWAY_LOCKED',
    owner: { pid: actor.pid, kernelLock: false },
  });
  expect(readFileSync(lockPath, 'utf8')).toBe(old);
  await actor.kill('SIGKILL');
  expect(await successor.call('gateway', { ...options, stateDir })).toMatchObject({ reclaimed: 'owner-gone' });
});
