import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { formatInherited } from '../../src/gateway/inherited/variable.js';
import { acquireGatewayLock, probeLock, resolveGatewayPaths, tryAcquireLock } from '../../src/index.js';
import { native } from '../../src/native/load.js';
import { type Actor, startActor } from '../support/actors.js';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { fetched } from '../support/clients.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { listenerOn } from '../support/listeners.js';
import { whyNoAddress } from '../support/loopbacks.js';
import { openChannel, type Passed, startPredecessor, startSuccessor } from '../support/predecessor.js';

beforeEach((ctx) => need(ctx, whyNoInheritance));

const SUCCESSOR = fileURLToPath(new URL('../fixtures/successor.mjs', import.meta.url));
const VARIABLES = ['GATEWAY_LOCK_INHERITED', 'LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES'];

const freshOptions = async () => ({ stateDir: freshDirectory(), port: await freePort(), env: {} });

async function startPair(more: object = {}, passed: Passed = {}) {
  const options = { ...(await freshOptions()), ...more };
  const lock = await startPredecessor(options);
  const { successor, channel } = await startSuccessor(lock, passed);
  return { options: { ...options, port: lock.port }, lock, successor, channel };
}

const askPid = (port: number, host = '127.0.0.1') => fetched(request, { host, port, path: '/' });
const isHeld = (path: string) => probeLock(path).state === 'held';
const recordsOf = (paths: readonly string[]) => paths.map((path) => probeLock(path).owner);

function expectHeldBy(paths: readonly string[], pid: number): void {
  for (const path of paths) {
    expect(probeLock(path)).toMatchObject({ state: 'held', owner: { pid }, ownerAlive: true });
  }
}

describe('a successor that adopts the locks and the socket', () => {
  test('a successor adopts at once, writes nothing before the predecessor has left, then serves and writes its record', async () => {
    const { options, lock, successor, channel } = await startPair();
    const before = recordsOf(lock.lockPaths);
    expect(await successor.call('gateway', options)).toMatchObject({
      inheritedFrom: 'upgrade',
      port: options.port,
      reclaimed: null,
      owner: { pid: successor.pid, port: options.port },
    });
    expect(channel.reports).toBe('adopted\n');
    const serving = successor.call('serve', 'successor');
    await channel.reported('adopted\nready\n');
    expect(recordsOf(lock.lockPaths)).toEqual(before);
    await lock.leave();
    expect(recordsOf(lock.lockPaths)).toEqual(before);
    channel.end();
    await serving;
    expectHeldBy(lock.lockPaths, successor.pid);
    for (const [index, record] of recordsOf(lock.lockPaths).entries()) {
      expect(record!.ownerId).not.toBe(before[index]!.ownerId);
      expect(record).toMatchObject({ port: options.port, bindHost: '127.0.0.1' });
    }
    expect(await askPid(options.port)).toBe('successor');
    expect([lock.verify(), await successor.call('verify', 'gateway')]).toEqual([false, true]);
  });

  test('the locks are free and their files removed when a successor closes after the takeover', async () => {
    const { options, lock, successor, channel } = await startPair();
    await successor.call('gateway', options);
    const ready = successor.call('ready');
    await lock.leave();
    channel.end();
    await ready;
    await successor.call('close');
    for (const path of lock.lockPaths) expect(existsSync(path)).toBe(false);
    await (await acquireGatewayLock({ ...options, timeoutMs: 0, bindTimeoutMs: 0 })).close();
  });

  test('a client that connects between the two generations waits for the successor', async () => {
    const { options, lock, successor, channel } = await startPair();
    await successor.call('gateway', options);
    await lock.leave();
    const answer = askPid(options.port);
    const serving = successor.call('serve', 'successor');
    channel.end();
    await serving;
    expect(await answer).toBe('successor');
  });

  test('the variables are removed, and a child of the successor adopts nothing', async () => {
    const { options, successor } = await startPair();
    await successor.call('gateway', options);
    expect(await successor.call('variables', ...VARIABLES)).toEqual([null, null, null, null]);
  });

  test('with inherited: ignore nothing is touched', async () => {
    const { options, lock, successor, channel } = await startPair();
    await expect(
      successor.call('gateway', { ...options, inherited: 'ignore', timeoutMs: 0, whenListening: 'wait' }),
    ).rejects.toMatchObject({ code: 'ERR_GATEWAY_LOCKED' });
    expect(channel.reports).toBe('');
    expect((await successor.call<string[]>('variables', ...VARIABLES))[0]).toContain('upgrade');
    expect(lock.verify()).toBe(true);
  });

  test('a successor of localhost adopts both sockets', async (ctx) => {
    const missing = whyNoAddress('localhost');
    if (missing !== null) return ctx.skip(missing);
    const { options, lock, successor, channel } = await startPair({ host: 'localhost', port: 0 });
    await successor.call('gateway', options);
    const serving = successor.call('serve', 'successor');
    await lock.leave();
    channel.end();
    await serving;
    expect(await askPid(options.port)).toBe('successor');
    expect(await askPid(options.port, '::1')).toBe('successor');
  });

  test('a successor with port 0 adopts the port of its predecessor', async () => {
    const { options, successor } = await startPair();
    expect(await successor.call('gateway', { ...options, port: 0 })).toMatchObject({ port: options.port });
  });

  test('a gateway without a socket passes only its locks', async () => {
    const { options, lock, successor, channel } = await startPair({ bind: false });
    expect(await successor.call('gateway', options)).toMatchObject({ inheritedFrom: 'upgrade' });
    const ready = successor.call('ready');
    await lock.leave();
    channel.end();
    await ready;
    expectHeldBy(lock.lockPaths, successor.pid);
  });
});

describe('descriptors that do not fit are refused and closed', () => {
  const refused = async (
    options: object,
    { lock, successor, channel }: Awaited<ReturnType<typeof startPair>>,
    text: string,
  ) => {
    await expect(
      successor.call('gateway', { ...options, timeoutMs: 0, bindTimeoutMs: 0, whenListening: 'wait' }),
    ).rejects.toMatchObject({ name: 'GatewayLockError' });
    await channel.reported('\n');
    expect(channel.reports).toMatch(/^refused [^\n]+\n$/);
    expect(channel.reports).toContain(text);
    expect(lock.verify()).toBe(true);
    // The successor, which still runs, has no copy left.
    await lock.leave();
    for (const path of lock.lockPaths) expect(isHeld(path)).toBe(false);
    expect(native().probePort('127.0.0.1', lock.port)).toBe('refused');
  };

  test('a socket of another port', async () => {
    const pair = await startPair();
    await refused({ ...pair.options, port: await freePort() }, pair, 'the inherited socket does not listen on');
  });

  test('a socket for a gateway that does not bind', async () => {
    const pair = await startPair();
    await refused({ ...pair.options, bind: false }, pair, 'bind: false');
  });

  test('a socket that does not listen', async () => {
    const options = await freshOptions();
    const lock = await startPredecessor(options);
    const file = openSync(join(options.stateDir, 'file'), 'w+');
    onTestFinished(() => closeSync(file));
    const [, ...locks] = lock.inheritance.descriptors;
    const pair = await startSuccessor(lock, { descriptors: [file, ...locks] });
    await refused(options, { ...pair, lock, options }, 'the inherited socket does not listen on');
  });

  test('the lock of another state directory', async () => {
    const pair = await startPair();
    const stateDir = freshDirectory();
    // The port is in use, so the successor cannot start with the other state either.
    await refused({ ...pair.options, stateDir }, pair, 'the inherited lock is not that of');
  });

  test('a file that is not the lock file', async () => {
    const options = await freshOptions();
    const lock = await startPredecessor(options);
    const path = join(options.stateDir, 'other.lock');
    writeFileSync(path, '', { mode: 0o600 });
    const file = openSync(path, 'r+');
    onTestFinished(() => closeSync(file));
    const [socket, , second] = lock.inheritance.descriptors;
    const pair = await startSuccessor(lock, { descriptors: [socket!, file, second!] });
    await refused(options, { ...pair, lock, options }, 'the inherited lock is not that of');
  });

  test('fewer locks than the gateway uses', async () => {
    const pair = await startPair({ allowMultiple: true });
    await refused({ ...pair.options, allowMultiple: false }, pair, '1 locks were inherited, and this gateway uses 2');
  });

  test('a lock file that was removed', async () => {
    const { options, lock, successor, channel } = await startPair();
    rmSync(lock.lockPaths[0]!);
    // The removed file no longer excludes anyone, but the port does.
    await expect(successor.call('gateway', { ...options, bindTimeoutMs: 0 })).rejects.toMatchObject({
      code: 'ERR_GATEWAY_PORT_IN_USE',
    });
    expect(channel.reports).toContain('the inherited lock is not that of');
  });
});

describe('only one process adopts', () => {
  test('a process without the token adopts nothing and closes nothing', async () => {
    const { options, lock, successor, channel } = await startPair({}, { token: false });
    await expect(successor.call('gateway', { ...options, timeoutMs: 0, whenListening: 'wait' })).rejects.toMatchObject({
      code: 'ERR_GATEWAY_LOCKED',
    });
    expect(channel.reports).toBe('');
    expect(lock.verify()).toBe(true);
  });

  test('a sibling with the same descriptors adopts nothing', async () => {
    const options = await freshOptions();
    const lock = await startPredecessor(options);
    const { own, passed } = openChannel(true);
    onTestFinished(() => closeSync(own));
    const env = { ...process.env, GATEWAY_LOCK_INHERITED: formatInherited({ from: 'upgrade', sockets: 1, locks: 2 }) };
    const start = () => startActor({ descriptors: [...lock.inheritance.descriptors, passed], env });
    const [first, second] = await Promise.all([start(), start()]);
    closeSync(passed);
    const outcomes = await Promise.allSettled(
      [first!, second!].map((actor) => actor.call('gateway', { ...options, timeoutMs: 0, whenListening: 'wait' })),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('a background child of a successor that has died keeps nothing that a third process could take from the predecessor', async () => {
    const { options, lock, successor } = await startPair();
    await successor.call('gateway', options);
    const child = await successor.call<number>('spawnChild');
    onTestFinished(() => void process.kill(child, 'SIGKILL'));
    await successor.kill('SIGKILL');
    expect(lock.verify()).toBe(true);
    await lock.close();
    await (await acquireGatewayLock({ ...options, timeoutMs: 0, bindTimeoutMs: 0 })).close();
  });
});

describe('the end of a successor before the takeover', () => {
  test.each(['close', 'leave'])('%s() leaves locks and port to the predecessor', async (method) => {
    const { options, lock, successor } = await startPair();
    await successor.call('gateway', options);
    const ready = expect(successor.call('ready')).rejects.toMatchObject({ code: 'ERR_INVALID_STATE' });
    await successor.call(method);
    await ready;
    expect(lock.verify()).toBe(true);
    expectHeldBy(lock.lockPaths, process.pid);
    expect(tryAcquireLock(lock.lockPaths[0]!)).toBeNull();
    await expect(successor.call('ready')).rejects.toMatchObject({ code: 'ERR_INVALID_STATE' });
  });

  test('process.exit(), SIGKILL and the end of all work leave locks and port to the predecessor', async () => {
    const ends = [
      (actor: Actor) => actor.call('exit', 0),
      (actor: Actor) => actor.kill('SIGKILL'),
      (actor: Actor) => actor.call('finish'),
    ];
    for (const end of ends) {
      const { options, lock, successor } = await startPair();
      await successor.call('gateway', options);
      await end(successor);
      await successor.exited;
      expect(lock.verify()).toBe(true);
      expectHeldBy(lock.lockPaths, process.pid);
      expect(tryAcquireLock(lock.lockPaths[0]!)).toBeNull();
    }
  });
});

describe('the takeover', () => {
  test('a successor continues if its predecessor is killed before it adopts, when it has adopted, and when it is ready', async () => {
    for (const report of ['', 'adopted', 'ready']) {
      const options = await freshOptions();
      const predecessor = await startActor();
      await predecessor.call('gateway', options);
      const { lockPaths } = resolveGatewayPaths(options);
      const variable = formatInherited({ from: 'upgrade', sockets: 1, locks: 2 });
      const pid = await predecessor.call<number>('spawnSuccessor', SUCCESSOR, options, variable, report);
      onTestFinished(() => void process.kill(pid, 'SIGKILL'));
      await predecessor.kill('SIGKILL');
      for (const path of lockPaths) expect(isHeld(path)).toBe(true);
      expect(await askPid(options.port)).toBe(String(pid));
      expectHeldBy(lockPaths, pid);
    }
  });

  test('a successor acquires the locks afresh if its predecessor released them', async () => {
    const { options, lock, successor, channel } = await startPair();
    await successor.call('gateway', options);
    const serving = successor.call('serve', 'successor');
    await channel.reported('ready');
    await lock.close();
    for (const path of lock.lockPaths) expect(existsSync(path)).toBe(false);
    channel.end();
    await serving;
    expectHeldBy(lock.lockPaths, successor.pid);
    expect(recordsOf(lock.lockPaths)).toMatchObject([{ port: options.port }, { port: options.port }]);
    expect(await askPid(options.port)).toBe('successor');
    await successor.call('close');
    for (const path of lock.lockPaths) expect(existsSync(path)).toBe(false);
  });

  test('a successor that acquires a lock afresh, but finds a gateway of another user, releases the lock', async () => {
    const { options, lock, successor, channel } = await startPair();
    await successor.call('gateway', { ...options, timeoutMs: 100 });
    const stateLock = lock.lockPaths[0]!;
    const sibling = dirname(stateLock).replace(/[^-]+$/, '65533');
    mkdirSync(sibling);
    const other = tryAcquireLock(join(sibling, basename(stateLock)))!;
    onTestFinished(() => other.release());
    const serving = expect(successor.call('serve')).rejects.toMatchObject({ code: 'ERR_GATEWAY_LOCKED' });
    await channel.reported('ready');
    await lock.close();
    channel.end();
    await serving;
    expect(isHeld(stateLock)).toBe(false);
  });

  test('a successor that has lost its lock to a third process fails and closes', async () => {
    const { options, lock, successor, channel } = await startPair();
    await successor.call('gateway', { ...options, timeoutMs: 100 });
    const serving = expect(successor.call('serve')).rejects.toMatchObject({
      code: 'ERR_GATEWAY_LOCKED',
      message: `gateway already running (pid ${process.pid}); lock timeout after 100ms`,
    });
    await channel.reported('ready');
    await lock.close();
    const third = tryAcquireLock(lock.lockPaths[0]!)!;
    onTestFinished(() => third.release());
    channel.end();
    await serving;
    expect(third.verify()).toBe(true);
    await expect(successor.call('ready')).rejects.toMatchObject({ code: 'ERR_INVALID_STATE' });
    expect(native().probePort('127.0.0.1', options.port)).toBe('refused');
  });

  test('a named predecessor must be gone, even if the channel has ended', async () => {
    const options = await freshOptions();
    const lock = await startPredecessor(options);
    const old = spawn('/bin/sh', ['-c', 'echo started; read _'], { stdio: ['pipe', 'pipe', 'ignore'] });
    onTestFinished(() => void old.kill('SIGKILL'));
    await once(old.stdout, 'data');
    const predecessor = { pid: old.pid!, startToken: native().processStartToken(old.pid!) };
    const { successor, channel } = await startSuccessor(lock, { from: 'run', predecessor });
    await successor.call('gateway', options);
    let isReady = false;
    const ready = successor.call('ready').then(() => (isReady = true));
    await channel.reported('ready');
    channel.end();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isReady).toBe(false);
    old.kill('SIGKILL');
    await ready;
    expectHeldBy(lock.lockPaths, successor.pid);
  });
});

describe('a program of gateway-lock run', () => {
  const keeper = { pid: process.pid, startToken: native().processStartToken(process.pid) };

  test('a program adopts, names its keeper, and leaves the locks to the keeper when it closes', async () => {
    const { options, lock, successor, channel } = await startPair({}, { from: 'run', keeper });
    expect(await successor.call('gateway', options)).toMatchObject({ inheritedFrom: 'run' });
    const ready = successor.call('ready');
    await channel.reported('ready');
    channel.end();
    await ready;
    expectHeldBy(lock.lockPaths, successor.pid);
    expect(recordsOf(lock.lockPaths)[0]).toMatchObject({ keeper });
    await successor.call('close');
    expect(lock.verify()).toBe(true);
    expect(tryAcquireLock(lock.lockPaths[0]!)).toBeNull();
    expect(native().probePort('127.0.0.1', options.port)).toBe('accepted');
  });

  test('a program with other locks leaves those of its keeper alone', async () => {
    const { options, lock, successor, channel } = await startPair({}, { from: 'run', keeper });
    const own = { ...options, stateDir: freshDirectory(), port: await freePort() };
    expect(await successor.call('gateway', own)).toMatchObject({ inheritedFrom: null });
    expect(channel.reports).toBe('');
    await lock.leave();
    for (const path of lock.lockPaths) expect(isHeld(path)).toBe(true);
    await successor.kill('SIGKILL');
    for (const path of lock.lockPaths) expect(isHeld(path)).toBe(false);
  });

  test('a program that asks for another port than the inherited one fails, and leaves all to its keeper', async () => {
    const { options, lock, successor, channel } = await startPair({}, { from: 'run', keeper });
    const port = await freePort();
    await expect(successor.call('gateway', { ...options, port })).rejects.toMatchObject({
      code: 'ERR_GATEWAY_BIND_FAILED',
      message: expect.stringContaining(`the inherited socket does not listen on 127.0.0.1, port ${port}`),
      hint: expect.stringContaining('gateway-lock run'),
    });
    await channel.reported('refused');
    expect([lock.verify(), isHeld(lock.lockPaths[0]!)]).toEqual([true, true]);
    expect(native().probePort('127.0.0.1', options.port)).toBe('accepted');
    expect(native().probePort('127.0.0.1', port)).toBe('refused');
  });

  test('a program that binds no port may serve the inherited socket without this package', async () => {
    const { options, successor } = await startPair({}, { from: 'run', keeper });
    expect(await successor.call('gateway', { ...options, bind: false })).toMatchObject({ inheritedFrom: 'run' });
  });

  test('a program binds its port itself if only the locks are passed', async () => {
    const { options, successor } = await startPair({ bind: false }, { from: 'run', keeper });
    expect(await successor.call('gateway', { ...options, bind: true })).toMatchObject({ inheritedFrom: 'run' });
    expect(native().probePort('127.0.0.1', options.port)).toBe('accepted');
  });
});

describe('a socket of systemd', () => {
  /** Starts an actor below a shell that sets LISTEN_PID to the pid of the actor. */
  const startActivated = (descriptors: readonly number[]) => {
    const script = `export LISTEN_PID=$$ LISTEN_FDS=${descriptors.length}; exec "${process.execPath}" "$@"`;
    const path = join(freshDirectory(), 'node.sh');
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return startActor({ descriptors, execPath: path });
  };

  test('a gateway adopts the socket of its host and port, and acquires its own locks', async () => {
    const options = await freshOptions();
    const listener = listenerOn({ port: options.port });
    const actor = await startActivated(listener.fds);
    expect(await actor.call('gateway', options)).toMatchObject({ inheritedFrom: 'systemd', port: options.port });
    expect(await actor.call('variables', ...VARIABLES)).toEqual([null, null, null, null]);
    await actor.call('serve', 'activated');
    expect(await askPid(options.port)).toBe('activated');
    expectHeldBy(resolveGatewayPaths(options).lockPaths, actor.pid);
    await actor.call('close', { graceMs: 0 });
    for (const path of resolveGatewayPaths(options).lockPaths) expect(existsSync(path)).toBe(false);
    expect(native().probePort('127.0.0.1', options.port)).toBe('accepted');
  });

  test('a gateway that closes and starts again in the same process adopts the socket again', async () => {
    const options = await freshOptions();
    const listener = listenerOn({ port: options.port });
    const actor = await startActivated(listener.fds);
    for (const body of ['first', 'second']) {
      expect(await actor.call('gateway', options)).toMatchObject({ inheritedFrom: 'systemd' });
      await actor.call('serve', body);
      expect(await askPid(options.port)).toBe(body);
      await actor.call('close', { graceMs: 0 });
    }
  });

  test('the variables stay if the unit has another socket, even if the gateway binds ::1 of localhost itself', async (ctx) => {
    need(ctx, whyNoAddress('localhost'));
    const options = { ...(await freshOptions()), host: 'localhost' };
    const [own, other] = [listenerOn({ port: options.port }), listenerOn({ port: 0 })];
    const actor = await startActivated([...own.fds, ...other.fds]);
    expect(await actor.call('gateway', options)).toMatchObject({ inheritedFrom: 'systemd' });
    await actor.call('serve', 'both');
    expect(await askPid(options.port, '::1')).toBe('both');
    expect((await actor.call<string[]>('variables', ...VARIABLES)).slice(1, 3)).toEqual([String(actor.pid), '2']);
  });

  test('a socket of another port stays with the program', async () => {
    const options = await freshOptions();
    const listener = listenerOn({ port: 0 });
    const actor = await startActivated(listener.fds);
    expect(await actor.call('gateway', options)).toMatchObject({ inheritedFrom: null, port: options.port });
    expect((await actor.call<string[]>('variables', ...VARIABLES)).slice(1, 3)).toEqual([String(actor.pid), '1']);
  });
});
