import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { dirname, join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { GatewayLock, GatewayLockError, GatewayLockOptions } from '../../src/index.js';
import { acquireGatewayLock, bindExclusive, probeHealth, probeLock, tryAcquireLock } from '../../src/index.js';
import { startActor } from '../support/actors.js';
import { httpServersAdopt, need, whyNoLinks, whyNoModes } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { whyHeldFileStays } from '../support/held-file.js';
import { serverOn } from '../support/listeners.js';
import { whyNoPortOwner } from '../support/port-owner.js';

/** Acquires a gateway lock and closes it when the test ends. */
async function gateway(options: GatewayLockOptions): Promise<GatewayLock> {
  const lock = await acquireGatewayLock({ port: 0, env: {}, ...options });
  onTestFinished(() => lock.close({ graceMs: 0 }));
  return lock;
}

function lockFilesIn(stateDir: string): string[] {
  return existsSync(stateDir)
    ? readdirSync(stateDir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.lock'))
    : [];
}

const live = () => createServer((_request, response) => response.end('{"ok":true,"status":"live"}'));

describe('a gateway lock', () => {
  test('holds the state lock and the config lock, listens, and names its endpoint in both records', async () => {
    const stateDir = freshDirectory();
    const lock = await gateway({ stateDir, role: 'gateway' });
    expect(lock.lockPaths.map((path) => path.slice(dirname(path).length + 1))).toEqual([
      'gateway.state.lock',
      expect.stringMatching(/^gateway\.[0-9a-f]{8}\.lock$/),
    ]);
    for (const path of lock.lockPaths) {
      expect(probeLock(path)).toMatchObject({
        state: 'held',
        ownerAlive: true,
        owner: { pid: process.pid, port: lock.port, bindHost: '127.0.0.1', role: 'gateway', stateDir },
      });
    }
    expect(lock.url).toBe(`ws://127.0.0.1:${lock.port}`);
    expect(lock.owner.port).toBe(lock.port);
    expect(lock.strength).toBe('local');
    expect(lock.verify()).toBe(true);
    if (whyNoModes === null) expect(statSync(dirname(lock.lockPaths[0]!)).mode & 0o777).toBe(0o700);
  });

  test('serves requests on its exclusive socket', async () => {
    const lock = await gateway({ stateDir: freshDirectory() });
    await lock.listen(live());
    expect(lock.listener?.exclusive).toBe(httpServersAdopt);
    expect(await probeHealth({ port: lock.port })).toMatchObject({ healthy: true });
  });

  test('releases the port and removes the lock files on close(), even if close() is called twice', async () => {
    const stateDir = freshDirectory();
    const lock = await gateway({ stateDir });
    await lock.listen(live());
    await Promise.all([lock.close(), lock.close()]);
    await lock.close();
    expect(lockFilesIn(stateDir)).toEqual([]);
    await bindExclusive({ port: lock.port }).close();
  });

  test('lets the next gateway start on the same port at once after close(), while connections are still closing', async () => {
    const stateDir = freshDirectory();
    const port = await freePort();
    for (let round = 0; round < 3; round++) {
      const lock = await acquireGatewayLock({ stateDir, port, env: {} });
      await lock.listen(live());
      expect(await probeHealth({ port })).toMatchObject({ healthy: true });
      await lock.close();
    }
  });

  test('cuts the connections that close() waits for on a second close() with a shorter grace period', async () => {
    const lock = await gateway({ stateDir: freshDirectory() });
    await lock.listen(createTcpServer());
    const client = connect(lock.port, '127.0.0.1').on('error', () => {});
    await once(client, 'connect');
    const patient = lock.close({ graceMs: 60_000 });
    await Promise.all([lock.close({ graceMs: 0 }), patient]);
    expect(probeLock(lock.lockPaths[0]!).state).toBe('missing');
  });

  test('acquires only the locks and binds no port with bind: false', async () => {
    const lock = await gateway({ stateDir: freshDirectory(), bind: false });
    expect(lock.listener).toBeNull();
    await expect(lock.listen(live())).rejects.toMatchObject({ code: 'ERR_INVALID_STATE' });
    expect(lock.owner.port).toBeNull();
  });

  test('releases its locks and port on Symbol.asyncDispose', async () => {
    const stateDir = freshDirectory();
    {
      await using lock = await acquireGatewayLock({ stateDir, port: 0, env: {} });
      expect(lock.verify()).toBe(true);
    }
    expect(lockFilesIn(stateDir)).toEqual([]);
  });

  test('calls onLost once if all its lock files are removed', async (ctx) => {
    need(ctx, whyHeldFileStays);
    const lock = await gateway({ stateDir: freshDirectory() });
    const lost: string[] = [];
    lock.onLost((error) => lost.push(`${error.code} ${error.path}`));
    for (const path of lock.lockPaths) rmSync(path);
    expect(lock.verify()).toBe(false);
    expect(lock.verify()).toBe(false);
    await sleep(0);
    expect(lost).toEqual([`ERR_LOCK_REPLACED ${lock.lockPaths[0]}`]);
  });
});

describe('a second gateway', () => {
  test('a second gateway fails at once and leaves no lock files if only its port is the same', async () => {
    const first = await gateway({ stateDir: freshDirectory() });
    const stateDir = freshDirectory();
    const refused = acquireGatewayLock({ stateDir, port: first.port, env: {} });
    await expect(refused).rejects.toMatchObject({
      name: 'GatewayLockError',
      code: 'ERR_GATEWAY_PORT_IN_USE',
      message: `another gateway instance is already listening on ws://127.0.0.1:${first.port}`,
      port: first.port,
      host: '127.0.0.1',
      exitCode: 1,
      hint: expect.stringContaining(
        whyNoPortOwner ? 'an unknown process' : `This process (pid ${process.pid}) already listens on that port`,
      ),
    });
    expect(lockFilesIn(stateDir)).toEqual([]);
  });

  test('a second gateway fails at once and names the holder if its state directory and port are the same', async () => {
    const stateDir = freshDirectory();
    const first = await gateway({ stateDir });
    const before = first.lockPaths.map((path) => readFileSync(path, 'utf8'));
    const started = performance.now();
    await expect(acquireGatewayLock({ stateDir, port: first.port, env: {} })).rejects.toMatchObject({
      code: 'ERR_GATEWAY_PORT_IN_USE',
      lockPath: first.lockPaths[0],
      owner: { pid: process.pid, port: first.port },
      ownerAlive: true,
    });
    expect(performance.now() - started).toBeLessThan(2500); // Half of the default timeoutMs.
    expect(first.lockPaths.map((path) => readFileSync(path, 'utf8'))).toEqual(before);
  });

  test('a second gateway waits, then fails and names the holder, if its state directory is the same and its port is another', async () => {
    const stateDir = freshDirectory();
    const first = await gateway({ stateDir });
    const waits: unknown[] = [];
    const port = await freePort();
    const refused = acquireGatewayLock({ stateDir, port, env: {}, timeoutMs: 60, onWait: (wait) => waits.push(wait) });
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_GATEWAY_LOCKED',
      message: `gateway already running (pid ${process.pid}); lock timeout after 60ms`,
      lockPath: first.lockPaths[0],
      owner: { pid: process.pid },
      cause: { code: 'ERR_LOCK_TIMEOUT' },
    });
    expect(waits).toEqual([expect.objectContaining({ lockPath: first.lockPaths[0], ownerAlive: true })]);
  });

  test('a second gateway releases the state lock and fails if the config lock is held, unless allowMultiple is set', async () => {
    const stateDir = freshDirectory();
    const probe = await gateway({ stateDir });
    const [stateLock, configLock] = probe.lockPaths;
    await probe.close();
    const older = tryAcquireLock(configLock!);
    onTestFinished(() => older?.release());
    await expect(gateway({ stateDir, timeoutMs: 0 })).rejects.toMatchObject({
      code: 'ERR_GATEWAY_LOCKED',
      lockPath: configLock,
    });
    expect(probeLock(stateLock!).state).toBe('missing');
    const one = await gateway({ stateDir, allowMultiple: true });
    expect(one.lockPaths).toEqual([stateLock]);
    await one.close();
    const two = await gateway({ stateDir, env: { GATEWAY_ALLOW_MULTI_GATEWAY: '1' } });
    expect(two.lockPaths).toEqual([stateLock]);
  });

  test('a second gateway waits until a closing gateway has released its lock, then starts', async () => {
    const stateDir = freshDirectory();
    const first = await gateway({ stateDir, bind: false });
    const second = gateway({ stateDir, timeoutMs: 20_000 });
    await sleep(50); // At least one attempt is refused.
    await first.close();
    expect((await second).verify()).toBe(true);
  });

  test("a second gateway waits even for a holder that listens with whenListening: 'wait'", async () => {
    const stateDir = freshDirectory();
    const first = await gateway({ stateDir });
    const second = gateway({ stateDir, port: first.port, whenListening: 'wait', timeoutMs: 20_000 });
    await sleep(50);
    await first.close();
    expect((await second).port).toBe(first.port);
  });

  test('a second gateway stops waiting for the lock when its port is in use', async () => {
    const stateDir = freshDirectory();
    await gateway({ stateDir, bind: false });
    const port = await freePort();
    const second = acquireGatewayLock({ stateDir, port, env: {}, timeoutMs: 60_000 });
    const caught = second.catch((error: unknown) => error);
    await sleep(30);
    const listener = bindExclusive({ port });
    onTestFinished(() => listener.close());
    expect(await caught).toMatchObject({ code: 'ERR_GATEWAY_PORT_IN_USE' });
  });

  test('a second gateway rejects with signal.reason and holds no lock if its start is aborted', async () => {
    const stateDir = freshDirectory();
    await gateway({ stateDir, bind: false });
    const configPath = join(stateDir, 'other.json');
    const reason = new Error('enough');
    const signal = AbortSignal.timeout(30);
    const waiting = acquireGatewayLock({ stateDir, port: 0, env: {}, signal, configPath });
    expect(await waiting.catch((error: unknown) => error)).toBe(signal.reason);
    const aborted = acquireGatewayLock({ stateDir, port: 0, env: {}, signal: AbortSignal.abort(reason) });
    await expect(aborted).rejects.toBe(reason);
    expect(lockFilesIn(stateDir)).toHaveLength(2);
  });
});

describe('acquireGatewayLock()', () => {
  test('acquireGatewayLock() fails and releases its locks if another program listens on the port', async () => {
    const stranger = createTcpServer();
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void stranger.close());
    const { port } = stranger.address() as { port: number };
    const stateDir = freshDirectory();
    const refused = acquireGatewayLock({ stateDir, port, env: {} });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_GATEWAY_PORT_IN_USE', owner: null });
    expect(lockFilesIn(stateDir)).toEqual([]);
  });

  test.each([
    ['localhost', '::1'],
    ['0.0.0.0', '127.0.0.2'],
    ['::', '127.0.0.1'],
  ])('for host %s, fails at once if another program listens on %s', async (host, taken) => {
    const stranger = bindExclusive({ host: taken, port: 0 });
    onTestFinished(() => stranger.close());
    const started = performance.now();
    const refused = acquireGatewayLock({ stateDir: freshDirectory(), host, port: stranger.address.port, env: {} });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_GATEWAY_PORT_IN_USE' });
    expect(performance.now() - started).toBeLessThan(5000); // Half of the default bindTimeoutMs.
  });

  describe('and a port that a connection uses, without a listener', () => {
    /**
     * Returns the local port of a client. The system chose the port, so the socket has no
     * SO_REUSEADDR.
     */
    async function occupied() {
      const client = connect((await serverOn({})).port, '127.0.0.1');
      onTestFinished(() => void client.destroy());
      await once(client, 'connect');
      return { port: client.localPort!, free: () => client.resetAndDestroy() };
    }

    test('waits until the connection no longer uses the port', async () => {
      const { port, free } = await occupied();
      const started = gateway({ stateDir: freshDirectory(), port });
      await sleep(50);
      free();
      expect((await started).port).toBe(port);
    });

    test('stops waiting for the port when the signal is aborted', async () => {
      const { port } = await occupied();
      const stateDir = freshDirectory();
      const signal = AbortSignal.timeout(50);
      const error = await gateway({ stateDir, port, signal }).catch((caught: unknown) => caught);
      expect(error).toBe(signal.reason);
      expect(lockFilesIn(stateDir)).toEqual([]);
    });
  });

  test('acquireGatewayLock() names both the listener on the port and the holder of the lock in the hint', async (ctx) => {
    need(ctx, whyNoPortOwner);
    const stateDir = freshDirectory();
    await gateway({ stateDir });
    const stranger = await startActor();
    const { port } = await stranger.call<{ port: number }>('bind', { port: 0 });
    const error = await acquireGatewayLock({ stateDir, port, env: {} }).catch((caught: GatewayLockError) => caught);
    expect((error as GatewayLockError).hint).toMatch(
      new RegExp(
        `^pid ${stranger.pid} listens on that port\\. Stop it \\(kill ${stranger.pid}\\)\\. This process \\(pid ${process.pid}\\) already holds `,
      ),
    );
  });

  test('rejects with the error that onWait throws', async () => {
    const stateDir = freshDirectory();
    await gateway({ stateDir, bind: false });
    const mistake = new Error('my own');
    const onWait = () => {
      throw mistake;
    };
    await expect(gateway({ stateDir, onWait })).rejects.toBe(mistake);
  });

  test('acquireGatewayLock() fails with ERR_GATEWAY_LOCK_FAILED if a path leads through a circle of links', async (ctx) => {
    need(ctx, whyNoLinks);
    const loop = join(freshDirectory(), 'loop');
    symlinkSync(loop, loop);
    await expect(gateway({ stateDir: loop })).rejects.toMatchObject({
      code: 'ERR_GATEWAY_LOCK_FAILED',
      cause: { code: 'ELOOP' },
    });
  });

  test('omits paths from the record that are too long', async () => {
    const stateDir = join(freshDirectory(), ...Array.from({ length: 12 }, () => 'd'.repeat(200)));
    const lock = await gateway({ stateDir });
    expect(probeLock(lock.lockPaths[0]!).owner).toMatchObject({ pid: process.pid, port: lock.port, role: 'gateway' });
  });

  test('acquireGatewayLock() fails with a shared lockDir only if another gateway uses the same config', async () => {
    const lockDir = freshDirectory();
    const configPath = join(lockDir, 'shared.json');
    await gateway({ stateDir: freshDirectory(), lockDir });
    await gateway({ stateDir: freshDirectory(), lockDir, configPath });
    const third = gateway({ stateDir: freshDirectory(), lockDir, configPath, timeoutMs: 0 });
    await expect(third).rejects.toMatchObject({ code: 'ERR_GATEWAY_LOCKED' });
  });

  test('acquireGatewayLock() fails with ERR_GATEWAY_BIND_FAILED if the address is not local', async () => {
    const stateDir = freshDirectory();
    await expect(acquireGatewayLock({ stateDir, host: '192.0.2.1', port: 18789, env: {} })).rejects.toMatchObject({
      code: 'ERR_GATEWAY_BIND_FAILED',
      message: expect.stringMatching(/^failed to bind gateway socket on ws:\/\/192\.0\.2\.1:18789: /),
      cause: { code: 'EADDRNOTAVAIL', syscall: 'bind' },
    });
    expect(lockFilesIn(stateDir)).toEqual([]);
  });

  test('acquireGatewayLock() fails with ERR_GATEWAY_LOCK_FAILED if the lock directory cannot be created', async () => {
    const stateDir = freshDirectory();
    writeFileSync(join(stateDir, 'tmp'), 'a file where a directory belongs');
    await expect(gateway({ stateDir })).rejects.toMatchObject({
      code: 'ERR_GATEWAY_LOCK_FAILED',
      message: expect.stringContaining(`failed to acquire gateway lock at ${join(stateDir, 'tmp')}${sep}`),
      // Windows reports ENOENT for a path below a file.
      cause: expect.objectContaining({ code: sep === '/' ? 'ENOTDIR' : 'ENOENT' }),
    });
  });

  test('acquireGatewayLock() fails with ERR_GATEWAY_LOCK_FAILED if the lock file is a link to another file', async (ctx) => {
    need(ctx, whyNoLinks);
    const stateDir = freshDirectory();
    const lock = await gateway({ stateDir });
    await lock.close();
    const target = join(stateDir, 'precious');
    writeFileSync(target, 'precious');
    symlinkSync(target, lock.lockPaths[0]!);
    await expect(gateway({ stateDir })).rejects.toMatchObject({
      code: 'ERR_GATEWAY_LOCK_FAILED',
      cause: { code: 'ERR_LOCK_INVALID_FILE' },
    });
    expect(readFileSync(target, 'utf8')).toBe('precious');
  });
});

describe('the error for an invalid option of acquireGatewayLock()', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['port', { port: 65536 }, 'ERR_OUT_OF_RANGE'],
    ['port', { port: '18789' }, 'ERR_INVALID_ARG_TYPE'],
    ['host', { host: 'example.org' }, 'ERR_INVALID_ARG_VALUE'],
    ['app', { app: '../up' }, 'ERR_INVALID_ARG_VALUE'],
    ['profile', { profile: 'a/b' }, 'ERR_INVALID_ARG_VALUE'],
    ['stateDir', { stateDir: '' }, 'ERR_INVALID_ARG_VALUE'],
    ['timeoutMs', { timeoutMs: -1 }, 'ERR_OUT_OF_RANGE'],
    ['whenListening', { whenListening: 'never' }, 'ERR_INVALID_ARG_VALUE'],
    ['weakFileSystem', { weakFileSystem: 'maybe' }, 'ERR_INVALID_ARG_VALUE'],
    ['signal', { signal: {} }, 'ERR_INVALID_ARG_TYPE'],
    ['onWait', { onWait: 'call me' }, 'ERR_INVALID_ARG_TYPE'],
    ['GATEWAY_GATEWAY_PORT', { port: undefined, env: { GATEWAY_GATEWAY_PORT: '80a' } }, 'ERR_OUT_OF_RANGE'],
  ])(
    'the error for an invalid option of acquireGatewayLock() names the invalid option %s of %o',
    async (name, options, code) => {
      const refused = acquireGatewayLock({ stateDir: freshDirectory(), env: {}, ...options } as GatewayLockOptions);
      await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(name) });
    },
  );
});
