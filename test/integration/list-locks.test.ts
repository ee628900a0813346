import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  acquireGatewayLock,
  type GatewayLock,
  type GatewayLockOptions,
  type ListedLock,
  type ListLocksOptions,
  listLocks,
  resolveGatewayPaths,
} from '../../src/index.js';
import { native } from '../../src/native/load.js';
import { startActor } from '../support/actors.js';
import { need, whyNoFifo, whyNoLinks } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { stubHome } from '../support/home.js';
import { processStartToken, writeOlderRecord } from '../support/older-gateway.js';
import { snapshotOf } from '../support/snapshot.js';
import { startUnprivilegedActor, whyNoStranger } from '../support/unprivileged-actor.js';

const LIVE = '{"ok":true,"status":"live"}';
const NO_HOLDER = { heldBy: null, owner: null, ownerAlive: null, command: null };
const NO_ENDPOINT = { host: null, port: null, listening: null, health: null };

/** Creates a directory and makes it the home directory until the test ends. */
function freshHome(): string {
  const home = freshDirectory();
  stubHome(home);
  return home;
}

async function gateway(options: GatewayLockOptions): Promise<GatewayLock> {
  const lock = await acquireGatewayLock({ port: 0, env: {}, ...options });
  onTestFinished(() => lock.close({ graceMs: 0 }));
  return lock;
}

async function serving(options: GatewayLockOptions, body = LIVE): Promise<GatewayLock> {
  const lock = await gateway(options);
  await lock.listen(createServer((_request, response) => response.end(body)));
  return lock;
}

/** Creates the lock directory of a fresh state directory. */
function preparedLockDir() {
  const stateDir = freshDirectory();
  const { lockDir, lockPaths } = resolveGatewayPaths({ stateDir, env: {} });
  mkdirSync(lockDir, { recursive: true, mode: 0o700 });
  return { stateDir, lockDir, lockPath: lockPaths[0]! };
}

const pathsOf = (locks: ListedLock[]) => locks.map(({ path }) => path);

describe('the locks that listLocks() lists', () => {
  test('listLocks() lists the locks of the default state directory and of each profile in the home directory', async () => {
    const home = freshHome();
    const locks = [await gateway({}), await gateway({ profile: 'work' }), await gateway({ profile: 'a-b' })];
    mkdirSync(join(home, '.gateway-empty'));
    writeFileSync(join(home, '.gateway-file'), '');
    const found = await listLocks({ env: {} });
    expect(pathsOf(found).sort()).toEqual(locks.flatMap(({ lockPaths }) => lockPaths).sort());
    expect(found.map(({ state }) => state)).toEqual(found.map(() => 'held'));
  });

  test('listLocks() lists the locks of the profile, state directory, lock directory or lock file in the options', async () => {
    freshHome();
    const lockDir = freshDirectory();
    const file = join(freshDirectory(), 'any name');
    const stateDir = freshDirectory();
    const rows: [ListLocksOptions, GatewayLock][] = [
      [{ profile: 'work' }, await gateway({ profile: 'work' })],
      [{ stateDir }, await gateway({ stateDir })],
      [{ lockDir }, await gateway({ lockDir })],
      [{ lockFile: file }, await gateway({ lockFile: file })],
    ];
    await gateway({});
    for (const [options, { lockPaths }] of rows) {
      const found = await listLocks({ env: {}, ...options });
      expect(pathsOf(found).sort()).toEqual([...lockPaths].sort());
    }
  });

  test('listLocks() lists the locks of the state directory that the environment names', async () => {
    freshHome();
    await gateway({});
    const stateDir = freshDirectory();
    const { lockPaths } = await gateway({ stateDir });
    expect(pathsOf(await listLocks({ env: { GATEWAY_STATE_DIR: stateDir } })).sort()).toEqual([...lockPaths].sort());
  });

  test('listLocks() lists the locks of the app in the options, but not of an app whose longer name begins the same', async () => {
    freshHome();
    const [claw, other] = [await gateway({ app: 'claw' }), await gateway({ app: 'claw-machine' })];
    expect(pathsOf(await listLocks({ app: 'claw', env: {} })).sort()).toEqual([...claw.lockPaths].sort());
    expect(pathsOf(await listLocks({ app: 'claw-machine', env: {} })).sort()).toEqual([...other.lockPaths].sort());
  });

  test('listLocks() lists each lock once if a profile is a link to another profile', async (ctx) => {
    need(ctx, whyNoLinks);
    const home = freshHome();
    const { lockPaths } = await gateway({ profile: 'real' });
    symlinkSync('.gateway-real', join(home, '.gateway-alias'));
    expect(pathsOf(await listLocks({ env: {} })).sort()).toEqual([...lockPaths].sort());
  });

  test('listLocks() lists the locks of other users in a shared state directory', async () => {
    const { stateDir, lockDir } = preparedLockDir();
    for (const name of ['gateway-4242', 'gateway', 'gateway-12x', 'other-1']) {
      mkdirSync(join(stateDir, 'tmp', name), { recursive: true });
      writeFileSync(join(stateDir, 'tmp', name, 'gateway.state.lock'), '');
    }
    writeFileSync(join(lockDir, 'gateway.state.lock'), '');
    const directories = [...new Set(['gateway', 'gateway-4242', basename(lockDir)])];
    expect(pathsOf(await listLocks({ stateDir, env: {} })).sort()).toEqual(
      directories.map((name) => join(stateDir, 'tmp', name, 'gateway.state.lock')).sort(),
    );
  });

  test('listLocks() returns an empty list and creates nothing if there are no locks', async () => {
    const home = freshHome();
    expect(await listLocks({ env: {} })).toEqual([]);
    expect(await listLocks({ stateDir: join(home, 'none'), env: {} })).toEqual([]);
    expect(await listLocks({ lockDir: join(home, 'none'), env: {} })).toEqual([]);
    expect(readdirSync(home)).toEqual([]);
    expect(await listLocks({ lockFile: join(home, 'none'), env: {} })).toEqual([
      { path: join(home, 'none'), state: 'missing', ...NO_HOLDER, ...NO_ENDPOINT, cause: null },
    ]);
  });
});

describe('the entry of listLocks() for a held lock', () => {
  test('the entry of listLocks() for a held lock contains the owner, command line, endpoint and health', async () => {
    const stateDir = freshDirectory();
    const lock = await serving({ stateDir });
    const found = await listLocks({ stateDir, env: {} });
    expect(found).toHaveLength(2);
    for (const one of found) {
      expect(one).toEqual({
        path: expect.any(String),
        state: 'held',
        heldBy: 'exclusive',
        owner: expect.objectContaining({ pid: process.pid, port: lock.port }),
        ownerAlive: true,
        command: native().commandLine(process.pid) === '' ? null : expect.any(Array),
        host: '127.0.0.1',
        port: lock.port,
        listening: true,
        health: { healthy: true, reason: null, status: 200 },
        cause: null,
      });
    }
  });

  test('the entry of listLocks() for a held lock contains the command line as a list of words', async (ctx) => {
    if (processStartToken(process.pid) === null) ctx.skip('this system has no /proc');
    const stateDir = freshDirectory();
    const actor = await startActor({ execArgv: ['--no-warnings', '--conditions=a b'] });
    await actor.call('gateway', { stateDir, port: 0, env: {} });
    const [one] = await listLocks({ stateDir, env: {} });
    expect(one!.command).toEqual([
      process.execPath,
      '--no-warnings',
      '--conditions=a b',
      expect.stringMatching(/actor\.mjs$/),
    ]);
  });

  test('the entry of listLocks() for a held lock contains the reason why the gateway is unhealthy, checked with the health options of the caller', async () => {
    const stateDir = freshDirectory();
    await serving({ stateDir }, '<html>');
    const health = { healthy: false, reason: 'the answer is not JSON', status: 200 };
    expect(await listLocks({ stateDir, env: {} })).toMatchObject([{ health }, { health }]);
    const [quick] = await listLocks({ stateDir, env: {}, health: { timeoutMs: 0 } });
    expect(quick).toMatchObject({
      listening: true,
      health: { healthy: false, reason: 'no complete answer within 0 ms' },
    });
  });

  test('the entry of listLocks() for a held lock contains listening: false if no process listens on the port in the record', async () => {
    const stateDir = freshDirectory();
    const lock = await gateway({ stateDir });
    await lock.listener!.close();
    const [one] = await listLocks({ stateDir, env: {} });
    expect(one).toMatchObject({ state: 'held', port: lock.port, listening: false, health: null });
  });

  test('the entry of listLocks() for a held lock contains no endpoint if the record names no port', async () => {
    const stateDir = freshDirectory();
    await gateway({ stateDir, bind: false });
    const [one] = await listLocks({ stateDir, env: {} });
    expect(one).toMatchObject({ state: 'held', ownerAlive: true, ...NO_ENDPOINT });
  });

  test('the entry of listLocks() for a held lock contains no endpoint if the owner in the record is dead', async () => {
    const { stateDir, lockPath } = preparedLockDir();
    const lock = await serving({ stateDir: freshDirectory() });
    const dead = spawnSync(process.execPath, ['-e', '0']).pid;
    writeFileSync(lockPath, JSON.stringify({ pid: dead, kernelLock: true, port: lock.port }));
    await (await startActor()).call('tryAcquire', lockPath, { mode: 'shared' });
    const [one] = await listLocks({ stateDir, env: {} });
    expect(one).toMatchObject({ state: 'held', heldBy: 'shared', ownerAlive: false, command: null, ...NO_ENDPOINT });
  });

  test("the entry of listLocks() for a held lock contains heldBy: 'record' for an older gateway", async () => {
    const { stateDir, lockPath } = preparedLockDir();
    const actor = await startActor();
    const { port } = await actor.call<{ port: number }>('bind', { port: 0 });
    writeOlderRecord(lockPath, { pid: actor.pid, port });
    const [one] = await listLocks({ stateDir, env: {}, health: { timeoutMs: 50 } });
    expect(one).toMatchObject({ state: 'held', heldBy: 'record', owner: { pid: actor.pid }, port, listening: true });
  });
});

describe('the entry of listLocks() for a leftover lock file', () => {
  test('the entry of listLocks() for a leftover lock file contains the dead owner, but neither command line nor endpoint', async () => {
    const options = { stateDir: freshDirectory(), port: await freePort(), env: {} };
    const actor = await startActor();
    await actor.call('gateway', options);
    await actor.kill('SIGKILL');
    const found = await listLocks(options);
    const left = { state: 'leftover', heldBy: null, owner: { pid: actor.pid }, ownerAlive: false, command: null };
    expect(found).toMatchObject([
      { ...left, ...NO_ENDPOINT },
      { ...left, ...NO_ENDPOINT },
    ]);
  });

  test('the entry of listLocks() for a leftover lock file contains no command line if another process has the pid of the dead owner', async () => {
    const { stateDir, lockPath } = preparedLockDir();
    writeFileSync(lockPath, JSON.stringify({ pid: process.pid, startTime: 1, kernelLock: true }));
    const [one] = await listLocks({ stateDir, env: {} });
    expect(one).toMatchObject({ state: 'leftover', ownerAlive: false, command: null });
  });
});

describe('listLocks() with hostile files', () => {
  test('ignores an invalid host or port in a record', async () => {
    const { stateDir, lockPath } = preparedLockDir();
    const actor = await startActor();
    await actor.call('tryAcquire', lockPath, {
      owner: { bindHost: 'evil.example.org', port: 99_999, role: '\x1b[2J' },
    });
    const [one] = await listLocks({ stateDir, env: {} });
    expect(one).toMatchObject({ state: 'held', owner: { pid: actor.pid, port: null }, ...NO_ENDPOINT });
    await actor.call('release', lockPath);
    await actor.call('tryAcquire', lockPath, { owner: { bindHost: 'evil.example.org', port: await freePort() } });
    expect(await listLocks({ stateDir, env: {} })).toMatchObject([
      { host: '127.0.0.1', listening: false, health: null },
    ]);
  });

  test('lists links, directories, FIFOs and names with escapes beside the other locks', async (ctx) => {
    need(ctx, whyNoLinks ?? whyNoFifo());
    const { stateDir, lockDir } = preparedLockDir();
    await gateway({ stateDir });
    mkdirSync(join(lockDir, 'gateway.directory.lock'));
    symlinkSync('/etc/passwd', join(lockDir, 'gateway.link.lock'));
    symlinkSync('nowhere', join(lockDir, 'gateway.dangling.lock'));
    spawnSync('mkfifo', [join(lockDir, 'gateway.fifo.lock')]);
    writeFileSync(join(lockDir, 'gateway.\x1b[2J.lock'), '{"pid":"x"}');
    for (const name of ['other.lock', 'gateway.lock', 'gateway.state.lock.old', 'gateway.state.locks']) {
      writeFileSync(join(lockDir, name), '');
    }
    const found = await listLocks({ stateDir, env: {} });
    expect(found).toHaveLength(7);
    const stateOf = (name: string) => found.find(({ path }) => path === join(lockDir, name))?.state;
    expect(stateOf('gateway.\x1b[2J.lock')).toBe('free');
    for (const name of ['directory', 'link', 'dangling', 'fifo'])
      expect(stateOf(`gateway.${name}.lock`)).toBe('unreadable');
    expect(found.filter(({ state }) => state === 'held')).toHaveLength(2);
    for (const { cause } of found.filter(({ state }) => state === 'unreadable')) {
      expect(cause).toMatchObject({ code: 'ERR_LOCK_INVALID_FILE' });
    }
  });

  test('listLocks() does not enter a lock directory that is a link', async (ctx) => {
    need(ctx, whyNoLinks);
    const [state, elsewhere] = [preparedLockDir(), preparedLockDir()];
    await gateway({ stateDir: elsewhere.stateDir });
    symlinkSync(elsewhere.lockDir, join(state.stateDir, 'tmp', 'gateway-4242'));
    expect(await listLocks({ stateDir: state.stateDir, env: {} })).toEqual([]);
  });

  test('lists a profile that is a link to itself as unreadable, beside the other locks', async (ctx) => {
    need(ctx, whyNoLinks);
    const home = freshHome();
    const { lockPaths } = await gateway({});
    symlinkSync('.gateway-loop', join(home, '.gateway-loop'));
    const found = await listLocks({ env: {} });
    expect(pathsOf(found).sort()).toEqual([...lockPaths, join(home, '.gateway-loop')].sort());
    expect(found.find(({ path }) => path === join(home, '.gateway-loop'))).toMatchObject({
      state: 'unreadable',
      cause: { code: 'ELOOP' },
    });
  });
});

test("listLocks() lists another user's lock directory as unreadable, beside the other locks", async (ctx) => {
  const missing = whyNoStranger();
  if (missing !== null) return ctx.skip(missing);
  const stateDir = freshDirectory();
  chmodSync(stateDir, 0o777);
  mkdirSync(join(stateDir, 'tmp'));
  chmodSync(join(stateDir, 'tmp'), 0o777);
  await gateway({ stateDir });
  const user = await startUnprivilegedActor();
  await user.call('gateway', { stateDir, port: 0, env: {} });
  const found = await user.call<ListedLock[]>('listLocks', { stateDir, env: {}, health: { timeoutMs: 50 } });
  expect(found.map(({ state }) => state)).toEqual(['held', 'held', 'unreadable']);
  expect(found[0]).toMatchObject({ owner: { pid: user.pid }, listening: true });
  expect(found[2]).toMatchObject({
    path: resolveGatewayPaths({ stateDir, env: {} }).lockDir,
    cause: { code: 'EACCES' },
  });
});

test('listLocks() creates, changes and locks nothing', async () => {
  const stateDir = freshDirectory();
  const { lockPaths, lockDir } = resolveGatewayPaths({ stateDir, env: {} });
  const lock = await serving({ stateDir });
  const files = [stateDir, lockDir, ...lockPaths];
  const before = files.map(snapshotOf);
  await Promise.all(Array.from({ length: 20 }, () => listLocks({ stateDir, env: {} })));
  expect(files.map(snapshotOf)).toEqual(before);
  expect(lock.verify()).toBe(true);
});

test('listLocks() checks the health of twenty silent gateways in parallel', async () => {
  freshHome();
  for (let i = 0; i < 20; i++) await gateway({ profile: `p${i}` });
  const started = performance.now();
  const found = await listLocks({ env: {}, health: { timeoutMs: 1000 } });
  expect(found).toHaveLength(40);
  expect(found.every(({ health }) => health?.healthy === false)).toBe(true);
  // One after the other, 40 checks of 1 s would take 40 s.
  expect(performance.now() - started).toBeLessThan(15_000);
});

test.each<[string, unknown, string]>([
  ['null', null, 'ERR_INVALID_ARG_TYPE'],
  ['an app that is not a name', { app: '../x' }, 'ERR_INVALID_ARG_VALUE'],
  ['a profile that is not a name', { profile: 'a/b' }, 'ERR_INVALID_ARG_VALUE'],
  ['a state directory that is not a string', { stateDir: 5 }, 'ERR_INVALID_ARG_TYPE'],
  ['an empty lock file', { lockFile: '' }, 'ERR_INVALID_ARG_VALUE'],
  ['a health path without a slash', { health: { path: 'up' } }, 'ERR_INVALID_ARG_VALUE'],
])('listLocks() rejects %s', async (_, options, code) => {
  await expect(listLocks(options as ListLocksOptions)).rejects.toMatchObject({ code });
});
