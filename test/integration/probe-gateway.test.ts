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
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { listening } from '../support/listeners.js';
import { writeOlderRecord } from '../support/older-gateway.js';
import { whyNoPortOwner } from '../support/port-owner.js';
import { snapshotOf } from '../support/snapshot.js';
import { until } from '../support/until.js';

const LIVE = '{"ok":true,"status":"live"}';
const HEALTHY = { healthy: true, reason: null, status: 200 };

async function freshOptions() {
  return { stateDir: freshDirectory(), port: await freePort(), env: {} };
}

/** Acquires a gateway lock and closes it when the test ends. */
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
  // Wine closes the sockets of a killed process some time after its end.
  await until(async () => (await probePort({ port })).state === 'free', `port ${port} is free`);
  return listening(
    createServer((_request, response) => response.end(body)),
    { port },
  );
}

describe('probeGateway() and a running gateway', () => {
  test("returns 'running' with owner, endpoint and health for a gateway that holds the lock and serves", async () => {
    const options = await freshOptions();
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

  test("returns 'running' with the reason for an unhealthy gateway", async () => {
    const options = await freshOptions();
    await runningGateway(options, '<html>');
    expect(await probeGateway(options)).toMatchObject({
      state: 'running',
      health: { healthy: false, reason: 'the answer is not JSON', status: 200 },
    });
  });

  test("returns 'running' for a suspended gateway", async () => {
    const options = await freshOptions();
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

  test("returns 'running' for a gateway that has bound its port but does not serve yet", async () => {
    const options = await freshOptions();
    await gateway(options);
    const probe = await probeGateway({ ...options, health: { timeoutMs: 200 } });
    const listenerPid = whyNoPortOwner ? null : process.pid;
    expect(probe).toMatchObject({ state: 'running', listenerPid, health: { healthy: false } });
  });

  test("returns 'running' with the port in the record, whatever the port in the options", async () => {
    const options = await freshOptions();
    const { pid } = await runningGateway(options);
    const other = await freePort();
    const probe = { state: 'running', owner: { pid }, port: options.port, health: HEALTHY };
    expect(await probeGateway({ ...options, port: other })).toMatchObject(probe);
    expect(await probeGateway({ ...options, port: 0 })).toMatchObject(probe);
  });

  test("returns 'running' with the host in the record", async () => {
    const options = await freshOptions();
    await gateway({ ...options, host: '127.0.0.2' });
    expect(await probeGateway({ ...options, health: { timeoutMs: 50 } })).toMatchObject({
      state: 'running',
      host: '127.0.0.2',
    });
  });

  test("returns 'running' with the result of a health check with the options of the caller", async () => {
    const options = await freshOptions();
    const lock = await gateway(options);
    await lock.listen(createServer(({ url }, response) => response.writeHead(url === '/up' ? 200 : 404).end(LIVE)));
    expect(await probeGateway(options)).toMatchObject({ health: { healthy: false, status: 404 } });
    expect(await probeGateway({ ...options, health: { path: '/up' } })).toMatchObject({ health: HEALTHY });
  });

  test("returns 'running' for an older gateway, which writes a record and holds no kernel lock", async () => {
    const options = await freshOptions();
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

  test("returns 'running' for a gateway with a named lock file", async () => {
    const options = { lockFile: join(freshDirectory(), 'own.lock'), port: await freePort(), env: {} };
    await runningGateway(options);
    expect(await probeGateway(options)).toMatchObject({
      state: 'running',
      lockPath: options.lockFile,
      health: HEALTHY,
    });
  });

  test("returns 'running' for a gateway with the same config and another state directory", async () => {
    const lockDir = freshDirectory();
    const shared = { lockDir, configPath: join(lockDir, 'config.json'), env: {} };
    const first = { ...shared, stateDir: freshDirectory(), port: await freePort() };
    const { pid } = await runningGateway(first);
    const probe = await probeGateway({ ...shared, stateDir: freshDirectory(), port: await freePort() });
    expect(probe).toMatchObject({ state: 'running', owner: { pid }, port: first.port });
    expect(probe.lockPath).toBe(resolveGatewayPaths(first).lockPaths[1]);
  });
});

describe('probeGateway() and a starting gateway', () => {
  test("returns 'starting' if the record of the holder names no port", async () => {
    const options = await freshOptions();
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

  test("returns 'starting' if the holder no longer listens", async () => {
    const options = await freshOptions();
    const lock = await gateway(options);
    await lock.listener!.close();
    expect(await probeGateway(options)).toMatchObject({ state: 'starting', listenerPid: null, health: null });
  });

  test("returns 'starting' with the pid of the listener if another program listens on the holder's port", async (ctx) => {
    need(ctx, whyNoPortOwner);
    const options = await freshOptions();
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

  test("returns 'starting' if the lock is held, the record names a dead owner, and another program listens on the port in the record", async (ctx) => {
    need(ctx, whyNoPortOwner);
    const options = await freshOptions();
    const dead = await runningGateway(options);
    await dead.kill('SIGKILL');
    const [lockPath] = resolveGatewayPaths(options).lockPaths;
    // A shared holder, because such a holder writes no record.
    await (await startActor()).call('tryAcquire', lockPath, { mode: 'shared' });
    await webServer('<html>', options.port);
    expect(await probeGateway(options)).toMatchObject({ state: 'starting', ownerAlive: false, port: options.port });
  });
});

describe('probeGateway() and a stopped gateway', () => {
  const stopped = { state: 'stopped', listenerPid: null, health: null };

  test("returns 'stopped' without a state directory, and creates none", async () => {
    const home = freshDirectory();
    const options = { stateDir: join(home, 'a/b/c'), port: await freePort(), env: {} };
    expect(await probeGateway(options)).toMatchObject({ ...stopped, owner: null, ownerAlive: null });
    expect(readdirSync(home)).toEqual([]);
  });

  test("returns 'stopped' for a killed gateway, and keeps its lock file", async () => {
    const options = await freshOptions();
    const actor = await runningGateway(options);
    await actor.kill('SIGKILL');
    // Windows reports the end of a process before it closes the sockets.
    await until(async () => (await probePort({ port: options.port })).state === 'free', 'the port is free');
    expect(await probeGateway(options)).toMatchObject({
      ...stopped,
      owner: { pid: actor.pid },
      ownerAlive: false,
      port: options.port,
    });
  });

  test("returns 'stopped' if another program listens on the port of a dead gateway, but not on the port in the options", async () => {
    const options = await freshOptions();
    const actor = await runningGateway(options);
    await actor.kill('SIGKILL');
    await webServer(LIVE, options.port);
    const port = await freePort();
    expect(await probeGateway({ ...options, port })).toMatchObject({ ...stopped, port });
  });

  test("returns 'stopped' for port 0 if the lock is free", async () => {
    expect(await probeGateway({ ...(await freshOptions()), port: 0 })).toMatchObject({ ...stopped, port: 0 });
  });
});

describe('probeGateway() and another program', () => {
  test("returns 'foreign' if the lock is free and another program listens on the port", async () => {
    const options = await freshOptions();
    await webServer('<html>', options.port);
    expect(await probeGateway(options)).toMatchObject({
      state: 'foreign',
      owner: null,
      listenerPid: whyNoPortOwner ? null : process.pid,
      health: { healthy: false, status: 200 },
    });
  });

  test("returns 'foreign' even if the program on the port is a healthy gateway with another state directory", async () => {
    const options = await freshOptions();
    await runningGateway(options);
    const other = { ...options, stateDir: freshDirectory() };
    expect(await probeGateway(other)).toMatchObject({ state: 'foreign', owner: null, health: HEALTHY });
  });
});

describe('probeGateway() without side effects', () => {
  test.each<[string, (options: { stateDir: string; port: number; env: object }) => Promise<unknown>]>([
    ['while a gateway is running', runningGateway],
    ['if there are lock files of a killed gateway', async (options) => (await runningGateway(options)).kill('SIGKILL')],
    ['in an empty state directory', async () => {}],
    [
      'in a lock directory whose mode is too wide',
      async ({ stateDir }) => mkdirSync(lockDirOf(stateDir), { recursive: true, mode: 0o755 }),
    ],
  ])('changes nothing %s', async (_, prepare) => {
    const options = await freshOptions();
    await prepare(options);
    const before = treeOf(options.stateDir);
    await probeGateway(options);
    await probeGateway(options);
    expect(treeOf(options.stateDir)).toEqual(before);
  });

  test('probeGateway() does not prevent the start of a gateway during a hundred probes', async () => {
    const options = await freshOptions();
    const probing = Promise.all(Array.from({ length: 100 }, () => probeGateway(options)));
    const lock = await gateway({ ...options, timeoutMs: 0 });
    expect(lock.verify()).toBe(true);
    await probing;
  });
});

describe('probeGateway() and an unusable path', () => {
  test.for<[string, Missing, (path: string) => void]>([
    ['a directory', null, (path) => mkdirSync(path)],
    ['a link', whyNoLinks, (path) => symlinkSync('/etc/passwd', path)],
  ])(
    'rejects with an error that names the lock if %s has the path of the lock file',
    async ([_, missing, plant], ctx) => {
      need(ctx, missing);
      const options = await freshOptions();
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
    },
  );

  test('rejects with an error that names the lock if the state directory is a file', async (ctx) => {
    need(ctx, sep === '/' ? null : 'Windows reports ENOENT for a path below a file');
    const stateDir = join(freshDirectory(), 'state');
    writeFileSync(stateDir, '');
    const probing = probeGateway({ stateDir, port: 1, env: {} });
    await expect(probing).rejects.toMatchObject({ code: 'ERR_GATEWAY_LOCK_FAILED' });
    expect(existsSync(join(stateDir, 'tmp'))).toBe(false);
  });
});

test.each<[string, unknown, string]>([
  ['null', null, 'ERR_INVALID_ARG_TYPE'],
  ['a port that is a string', { port: '80' }, 'ERR_INVALID_ARG_TYPE'],
  ['a host name', { host: 'example.org' }, 'ERR_INVALID_ARG_VALUE'],
  ['a health that is a string', { health: '/healthz' }, 'ERR_INVALID_ARG_TYPE'],
  ['a health that is null', { health: null }, 'ERR_INVALID_ARG_TYPE'],
  ['a health path without a slash', { health: { path: 'up' } }, 'ERR_INVALID_ARG_VALUE'],
  ['an invalid fingerprint', { health: { fingerprint256: 'x' } }, 'ERR_INVALID_ARG_VALUE'],
])('probeGateway() rejects %s, even if no gateway is running', async (_, mistake, code) => {
  const options = mistake && { ...(await freshOptions()), ...(mistake as object) };
  await expect(probeGateway(options as ProbeGatewayOptions)).rejects.toMatchObject({ code });
});

function lockDirOf(stateDir: string): string {
  return resolveGatewayPaths({ stateDir, env: {} }).lockDir;
}

function treeOf(directory: string): object {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  return [['.', lstatSync(directory).mtimeMs], ...names.map((name) => [name, snapshotOf(join(directory, name))])];
}
