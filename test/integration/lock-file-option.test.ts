import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  acquireGatewayLock,
  bindExclusive,
  type GatewayLock,
  type GatewayLockOptions,
  probeLock,
  resolveGatewayPaths,
  tryAcquireLock,
} from '../../src/index.js';
import { type Missing, need, whyNoLinks } from '../support/capabilities.js';
import { connected } from '../support/clients.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { stubHome } from '../support/home.js';
import { serverOn } from '../support/listeners.js';
import { whyNoPortOwner } from '../support/port-owner.js';

async function gateway(options: GatewayLockOptions): Promise<GatewayLock> {
  const lock = await acquireGatewayLock({ port: 0, env: {}, ...options });
  onTestFinished(() => lock.close({ graceMs: 0 }));
  return lock;
}

/** Sets an unusable home directory, a link to itself, until the test ends. */
function lostHome(): void {
  const home = join(freshDirectory(), 'home');
  symlinkSync('home', home);
  stubHome(home);
}

describe('a gateway with the option lockFile', () => {
  test('acquires only the named lock, creates no other file, and keeps the lock file', async () => {
    const directory = freshDirectory();
    const lockFile = join(directory, 'own name');
    const lock = await gateway({ lockFile });
    expect(lock.lockPaths).toEqual([lockFile]);
    expect(readdirSync(directory)).toEqual(['own name']);
    expect(probeLock(lockFile)).toMatchObject({ state: 'held', owner: { pid: process.pid, port: lock.port } });
    await lock.close();
    expect(readdirSync(directory)).toEqual(['own name']);
    expect(readFileSync(lockFile, 'utf8')).toBe('');
  });

  test('needs no state directory and no home directory, and names neither in its record', async (ctx) => {
    need(ctx, whyNoLinks);
    lostHome();
    const lock = await gateway({ lockFile: join(freshDirectory(), 'a.lock') });
    expect(lock.owner).not.toHaveProperty('stateDir');
    expect(lock.owner).not.toHaveProperty('configPath');
    await expect(gateway({})).rejects.toMatchObject({ code: 'ERR_GATEWAY_LOCK_FAILED', cause: { code: 'ELOOP' } });
  });

  test('excludes gateways with the same lock file, whatever their state directory, and no other gateways', async () => {
    const lockFile = join(freshDirectory(), 'a.lock');
    await gateway({ lockFile, stateDir: freshDirectory() });
    const second = gateway({ lockFile, stateDir: freshDirectory(), timeoutMs: 20 });
    await expect(second).rejects.toMatchObject({ code: 'ERR_GATEWAY_LOCKED', lockPath: lockFile });
    await gateway({ lockFile: `${lockFile}.2` });
    expect(tryAcquireLock(lockFile)).toBeNull();
  });

  test('resolves a relative lock file against the working directory', () => {
    expect(resolveGatewayPaths({ lockFile: 'a.lock', env: {} }).lockPaths).toEqual([join(process.cwd(), 'a.lock')]);
  });

  test('a gateway with the option lockFile fails without creating the directory if the directory of the lock file does not exist', async () => {
    const directory = freshDirectory();
    const lockFile = join(directory, 'none/a.lock');
    await expect(gateway({ lockFile })).rejects.toMatchObject({
      code: 'ERR_GATEWAY_LOCK_FAILED',
      lockPath: lockFile,
      cause: { code: 'ENOENT' },
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  test.for<[string, Missing, (path: string) => void]>([
    ['a directory', null, (path) => mkdirSync(path)],
    ['a link', whyNoLinks, (path) => symlinkSync('a.target', path)],
  ])('a gateway with the option lockFile is refused if its lock file is %s', async ([_, missing, plant], ctx) => {
    need(ctx, missing);
    const lockFile = join(freshDirectory(), 'a.lock');
    plant(lockFile);
    await expect(gateway({ lockFile })).rejects.toMatchObject({ cause: { code: 'ERR_LOCK_INVALID_FILE' } });
  });

  test.each([
    ['a number', 5, 'ERR_INVALID_ARG_TYPE'],
    ['an empty text', '', 'ERR_INVALID_ARG_VALUE'],
    ['a text with a NUL', 'a\0b', 'ERR_INVALID_ARG_VALUE'],
  ])('a gateway with the option lockFile is refused with a TypeError if lockFile is %s', async (_, lockFile, code) => {
    await expect(gateway({ lockFile: lockFile as string })).rejects.toMatchObject({ code });
  });

  test('still refuses an invalid value of another option', async () => {
    const options = { lockFile: join(freshDirectory(), 'a.lock'), stateDir: 5 as never };
    await expect(gateway(options)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });
});

describe('the option bindTimeoutMs', () => {
  /** Returns a port that a connection uses and on which no process listens. */
  async function reservedPort() {
    const { port } = await serverOn({});
    const client = await connected(port);
    return { client, port: client.localPort! };
  }

  test('limits the wait for a port that a connection uses and on which no process listens', async () => {
    const { port, client } = await reservedPort();
    const options = { stateDir: freshDirectory(), port };
    await expect(gateway({ ...options, bindTimeoutMs: 0 })).rejects.toMatchObject({
      code: 'ERR_GATEWAY_BIND_FAILED',
      message: expect.stringContaining(`failed to bind gateway socket on ws://127.0.0.1:${port}: `),
      cause: { code: 'EADDRINUSE' },
      // Wine reports the process of a connection, even where it does not report the process of a
      // listener.
      hint: expect.stringMatching(
        whyNoPortOwner ? /port/ : `^A connection of this process \\(pid ${process.pid}\\) uses that port`,
      ),
    });
    const waiting = gateway({ ...options, bindTimeoutMs: 20_000 });
    setTimeout(() => client.resetAndDestroy(), 100);
    expect((await waiting).port).toBe(port);
  });

  test('the option bindTimeoutMs ends the wait for the port in time, after which the locks are free', async () => {
    const { port } = await reservedPort();
    const options = { stateDir: freshDirectory(), port, bindTimeoutMs: 200 };
    const started = performance.now();
    await expect(gateway(options)).rejects.toMatchObject({ code: 'ERR_GATEWAY_BIND_FAILED' });
    const took = performance.now() - started;
    expect(took).toBeGreaterThan(190);
    expect(took).toBeLessThan(5000);
    for (const path of resolveGatewayPaths({ ...options, env: {} }).lockPaths) tryAcquireLock(path)!.release();
  });

  test('the option bindTimeoutMs has no effect on a port with a listener, for which the start fails at once', async () => {
    const port = await freePort();
    const listener = bindExclusive({ port });
    onTestFinished(() => listener.close());
    const started = performance.now();
    const options = { stateDir: freshDirectory(), port, bindTimeoutMs: Infinity };
    await expect(gateway(options)).rejects.toMatchObject({ code: 'ERR_GATEWAY_PORT_IN_USE' });
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test.each([
    ['below 0', -1, 'ERR_OUT_OF_RANGE'],
    ['NaN', Number.NaN, 'ERR_OUT_OF_RANGE'],
    ['a text', '5', 'ERR_INVALID_ARG_TYPE'],
  ])('the option bindTimeoutMs is refused with an error code if its value is %s', async (_, bindTimeoutMs, code) => {
    await expect(gateway({ bindTimeoutMs: bindTimeoutMs as number })).rejects.toMatchObject({ code });
  });
});
