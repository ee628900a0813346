import { existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join, sep } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  acquireGatewayLock,
  type GatewayLock,
  type GatewayLockOptions,
  type ProbeGatewayOptions,
  probeGateway,
  probePort,
  resolveGatewayPaths,
} from '../../src/index.js';
import { type Actor, startActor } from '../support/actors.js';
import { type Missing, need, whyNoLinks } from '../support/capabilities.js';
import { listening } from '../support/listeners.js';
import { writeOlderRecord } from '../support/older-gateway.js';
import { freePort, freshDirectory, until } from '../support/places.js';
import { whyNoPortOwner } from '../support/port-owner.js';
import { portraitOf } from '../support/portrait.js';

const LIVE = '{"ok":true,"status":"live"}';
const HEALTHY = { healthy: true, reason: null, status: 200 };

async function place() {
  return { stateDir: freshDirectory(), port: await freePort(), env: {} };
}

/** Closed when the test ends. */
async function gateway(options: GatewayLockOptions): Promise<GatewayLock> {
  const lock = await acquireGatewayLock(options);
  onTestFinished(() => lock.close({ graceMs: 0 }));
  return lock;
}

async function runningGateway(options: object, body = LIVE): Promise<Actor> {
  const actor = await startActor();
  await actor.call('gateway', options);
  await actor.call('serve', body);
  return actor;
}

async function webServer(body: string, port: number) {
  // Of a process that has just been killed, Wine closes the sockets some time after it is gone.
  await until(async () => (await probePort({ port })).state === 'free', `nobody has port ${port}`);
  return listening(
    createServer((_request, response) => response.end(body)),
    { port },
  );
}

describe('a gateway is running', () => {
  test('when it holds the lock and answers; the probe says who it is and how it is', async () => {
    const options = await place();
    const { pid } = await runningGateway(options);
    expect(await probeGateway(options)).toEqual({
      state: 'running',
      lockPath: resolveGatewayPaths(options).lockPaths[0],
      owner: expect.objectContaining({ pid, port: options.port }),
      ownerAlive: true,
      host: '127.0.0.1',
      port: options.port,
      listenerPid: pid,
      health: HEALTHY,
    });
  });

  test('when it is not healthy, and that is said', async () => {
    const options = await place();
    await runningGateway(options, '<html>');
    expect(await probeGateway(options)).toMatchObject({
      state: 'running',
      health: { healthy: false, reason: 'the answer is not JSON', status: 200 },
    });
  });

  test('when it is stopped', async () => {
    const options = await place();
    const actor = await runningGateway(options);
    await actor.hang();
    const probe = await probeGateway({ ...options, health: { timeoutMs: 200 } });
    expect(probe).toMatchObject({
      state: 'running',
      owner: { pid: actor.pid },
      ownerAlive: true,
      health: { healthy: false, reason: 'no complete answer within 200 ms' },
    });
  });

  test('when it has bound its port and serves nobody yet', async () => {
    const options = await place();
    await gateway(options);
    const probe = await probeGateway({ ...options, health: { timeoutMs: 200 } });
    const listenerPid = whyNoPortOwner ? null : process.pid;
    expect(probe).toMatchObject({ state: 'running', listenerPid, health: { healthy: false } });
  });

  test('on the port that its record names, whatever port is asked for', async () => {
    const options = await place();
    const { pid } = await runningGateway(options);
    const other = await freePort();
    const probe = { state: 'running', owner: { pid }, port: options.port, health: HEALTHY };
    expect(await probeGateway({ ...options, port: other })).toMatchObject(probe);
    expect(await probeGateway({ ...options, port: 0 })).toMatchObject(probe);
  });

  test('on the host that its record names', async () => {
    const options = await place();
    await gateway({ ...options, host: '127.0.0.2' });
    expect(await probeGateway({ ...options, health: { timeoutMs: 50 } })).toMatchObject({
      state: 'running',
      host: '127.0.0.2',
    });
  });

  test('whose health is asked as the caller says', async () => {
    const options = await place();
    const lock = await gateway(options);
    await lock.listen(createServer(({ url }, response) => response.writeHead(url === '/up' ? 200 : 404).end(LIVE)));
    expect(await probeGateway(options)).toMatchObject({ health: { healthy: false, status: 404 } });
    expect(await probeGateway({ ...options, health: { path: '/up' } })).toMatchObject({ health: HEALTHY });
  });

  test('when it is an older one, which has a record and no kernel lock', async () => {
    const options = await place();
    const [lockPath] = resolveGatewayPaths(options).lockPaths;
    mkdirSync(dirname(lockPath!), { recursive: true, mode: 0o700 });
    const actor = await startActor();
    const { port } = await actor.call<{ port: number }>('bind', { port: 0 });
    writeOlderRecord(lockPath!, { pid: actor.pid, port });
    expect(await probeGateway({ ...options, health: { timeoutMs: 50 } })).toMatchObject({
      state: 'running',
      owner: { pid: actor.pid, kernelLock: false },
      port,
      listenerPid: whyNoPortOwner ? null : actor.pid,
    });
  });

  test('when it holds a lock file of its own', async () => {
    const options = { lockFile: join(freshDirectory(), 'own.lock'), port: await freePort(), env: {} };
    await runningGateway(options);
    expect(await probeGateway(options)).toMatchObject({
      state: 'running',
      lockPath: options.lockFile,
      health: HEALTHY,
    });
  });

  test('when it holds the config lock alone, as of another state', async () => {
    const lockDir = freshDirectory();
    const shared = { lockDir, configPath: join(lockDir, 'config.json'), env: {} };
    const first = { ...shared, stateDir: freshDirectory(), port: await freePort() };
    const { pid } = await runningGateway(first);
    const probe = await probeGateway({ ...shared, stateDir: freshDirectory(), port: await freePort() });
    expect(probe).toMatchObject({ state: 'running', owner: { pid }, port: first.port });
    expect(probe.lockPath).toBe(resolveGatewayPaths(first).lockPaths[1]);
  });
});

describe('a gateway is starting', () => {
  test('when it holds the lock and has named no port', async () => {
    const options = await place();
    await gateway({ ...options, bind: false });
    expect(await probeGateway(options)).toMatchObject({
      state: 'starting',
      owner: { pid: process.pid },
      ownerAlive: true,
      port: options.port,
      listenerPid: null,
      health: null,
    });
    expect(await probeGateway({ ...options, port: 0 })).toMatchObject({ state: 'starting', port: 0, health: null });
  });

  test('when it holds the lock and no longer listens', async () => {
    const options = await place();
    const lock = await gateway(options);
    await lock.listener!.close();
    expect(await probeGateway(options)).toMatchObject({ state: 'starting', listenerPid: null, health: null });
  });

  test('when it holds the lock and a stranger has its port, who is named', async (ctx) => {
    need(ctx, whyNoPortOwner);
    const options = await place();
    const holder = await startActor();
    await holder.call('gateway', { ...options, bind: false });
    await webServer('<html>', options.port);
    expect(await probeGateway(options)).toMatchObject({
      state: 'starting',
      owner: { pid: holder.pid },
      listenerPid: process.pid,
      health: { healthy: false },
    });
  });

  test('when the lock is held, and the file names a dead one that listened where a stranger does now', async (ctx) => {
    need(ctx, whyNoPortOwner);
    const options = await place();
    const dead = await runningGateway(options);
    await dead.kill('SIGKILL');
    const [lockPath] = resolveGatewayPaths(options).lockPaths;
    // A shared holder writes no record.
    await (await startActor()).call('tryAcquire', lockPath, { mode: 'shared' });
    await webServer('<html>', options.port);
    expect(await probeGateway(options)).toMatchObject({ state: 'starting', ownerAlive: false, port: options.port });
  });
});

describe('a gateway is stopped', () => {
  const stopped = { state: 'stopped', listenerPid: null, health: null };

  test('when there is no state directory, and none is made', async () => {
    const home = freshDirectory();
    const options = { stateDir: join(home, 'a/b/c'), port: await freePort(), env: {} };
    expect(await probeGateway(options)).toMatchObject({ ...stopped, owner: null, ownerAlive: null });
    expect(readdirSync(home)).toEqual([]);
  });

  test('when a killed one has left its file, which stays as it is', async () => {
    const options = await place();
    const actor = await runningGateway(options);
    await actor.kill('SIGKILL');
    // Windows says that a process has ended before it closes its sockets.
    await until(async () => (await probePort(options)).state === 'free', 'the port is free');
    expect(await probeGateway(options)).toMatchObject({
      ...stopped,
      owner: { pid: actor.pid },
      ownerAlive: false,
      port: options.port,
    });
  });

  test('when the port of the dead one is not the port asked for: that one is of the past', async () => {
    const options = await place();
    const actor = await runningGateway(options);
    await actor.kill('SIGKILL');
    await webServer(LIVE, options.port);
    const port = await freePort();
    expect(await probeGateway({ ...options, port })).toMatchObject({ ...stopped, port });
  });

  test('with port 0, whatever listens anywhere', async () => {
    expect(await probeGateway({ ...(await place()), port: 0 })).toMatchObject({ ...stopped, port: 0 });
  });
});

describe('somebody foreign listens', () => {
  test('when nobody holds the lock', async () => {
    const options = await place();
    await webServer('<html>', options.port);
    expect(await probeGateway(options)).toMatchObject({
      state: 'foreign',
      owner: null,
      listenerPid: whyNoPortOwner ? null : process.pid,
      health: { healthy: false, status: 200 },
    });
  });

  test('also one that calls itself live, and that of another state', async () => {
    const options = await place();
    await runningGateway(options);
    const other = { ...options, stateDir: freshDirectory() };
    expect(await probeGateway(other)).toMatchObject({ state: 'foreign', owner: null, health: HEALTHY });
  });
});

describe('the probe changes nothing', () => {
  test.each<[string, (options: { stateDir: string; port: number; env: object }) => Promise<unknown>]>([
    ['beside a running gateway', runningGateway],
    ['where one was killed', async (options) => (await runningGateway(options)).kill('SIGKILL')],
    ['in an empty state directory', async () => {}],
    [
      'in a lock directory whose mode is too wide',
      async ({ stateDir }) => mkdirSync(lockDirOf(stateDir), { recursive: true, mode: 0o755 }),
    ],
  ])('%s', async (_, prepare) => {
    const options = await place();
    await prepare(options);
    const before = treeOf(options.stateDir);
    await probeGateway(options);
    await probeGateway(options);
    expect(treeOf(options.stateDir)).toEqual(before);
  });

  test('and the next gateway starts beside it, a hundred probes at a time', async () => {
    const options = await place();
    const probing = Promise.all(Array.from({ length: 100 }, () => probeGateway(options)));
    const lock = await gateway({ ...options, timeoutMs: 0 });
    expect(lock.verify()).toBe(true);
    await probing;
  });
});

describe('a lock that cannot be looked at is an error that names it', () => {
  test.for<[string, Missing, (path: string) => void]>([
    ['a directory', null, (path) => mkdirSync(path)],
    ['a link', whyNoLinks, (path) => symlinkSync('/etc/passwd', path)],
  ])('%s in its place', async ([_, missing, plant], ctx) => {
    need(ctx, missing);
    const options = await place();
    const [lockPath] = resolveGatewayPaths(options).lockPaths;
    mkdirSync(dirname(lockPath!), { recursive: true, mode: 0o700 });
    plant(lockPath!);
    await expect(probeGateway(options)).rejects.toMatchObject({
      name: 'GatewayLockError',
      code: 'ERR_GATEWAY_LOCK_FAILED',
      lockPath,
      port: options.port,
      cause: { code: 'ERR_LOCK_INVALID_FILE' },
    });
  });

  test('a file in place of its directory', async (ctx) => {
    need(ctx, sep === '/' ? null : 'Windows does not tell a file in the place of a directory from nothing');
    const stateDir = join(freshDirectory(), 'state');
    writeFileSync(stateDir, '');
    const probing = probeGateway({ stateDir, port: 1, env: {} });
    await expect(probing).rejects.toMatchObject({ code: 'ERR_GATEWAY_LOCK_FAILED' });
    expect(existsSync(join(stateDir, 'tmp'))).toBe(false);
  });
});

test.each<[string, unknown, string]>([
  ['null', null, 'ERR_INVALID_ARG_TYPE'],
  ['a port as a text', { port: '80' }, 'ERR_INVALID_ARG_TYPE'],
  ['a host name', { host: 'example.org' }, 'ERR_INVALID_ARG_VALUE'],
  ['a health that is a text', { health: '/healthz' }, 'ERR_INVALID_ARG_TYPE'],
  ['a health that is null', { health: null }, 'ERR_INVALID_ARG_TYPE'],
  ['a health path without a slash', { health: { path: 'up' } }, 'ERR_INVALID_ARG_VALUE'],
  ['a fingerprint that is none', { health: { fingerprint256: 'x' } }, 'ERR_INVALID_ARG_VALUE'],
])('%s is a mistake, although nobody is there to be asked', async (_, mistake, code) => {
  const options = mistake && { ...(await place()), ...(mistake as object) };
  await expect(probeGateway(options as ProbeGatewayOptions)).rejects.toMatchObject({ code });
});

function lockDirOf(stateDir: string): string {
  return resolveGatewayPaths({ stateDir, env: {} }).lockDir;
}

function treeOf(directory: string): object {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  return [['.', lstatSync(directory).mtimeMs], ...names.map((name) => [name, portraitOf(join(directory, name))])];
}
