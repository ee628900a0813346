import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  acquireGatewayLock,
  acquireLock,
  type ExecProgram,
  type Inheritance,
  listLocks,
  probeGateway,
  probeHealth,
  probeLock,
  probePort,
  resolveGatewayPaths,
  startSupervised,
  tryAcquireLock,
} from '../../src/index.js';
import { native } from '../../src/native/load.js';
import { type Actor, startActor } from '../support/actors.js';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { fetched } from '../support/clients.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { listenerOn } from '../support/listeners.js';
import { whyNoAddress } from '../support/loopbacks.js';
import { processStartToken } from '../support/older-gateway.js';
import { until } from '../support/until.js';

beforeEach((ctx) => need(ctx, whyNoInheritance));

const HEIR = fileURLToPath(new URL('../fixtures/heir.mjs', import.meta.url));

interface Options {
  readonly stateDir: string;
  readonly port: number;
  readonly env: Record<string, never>;
}

interface Heir {
  readonly pid: number;
  readonly LISTEN_FDS?: string;
  readonly LISTEN_FDNAMES?: string;
  readonly LISTEN_PID?: string;
}

/** Returns true if the process exists. A zombie also exists. */
function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function startGateway(more: object = {}) {
  const options: Options = { stateDir: freshDirectory(), port: await freePort(), env: {}, ...more };
  const actor = await startActor();
  await actor.call('gateway', options);
  return { actor, options, lockPaths: resolveGatewayPaths(options).lockPaths };
}

async function spawnHeir(actor: Actor): Promise<number> {
  const pid = await actor.call<number>('spawnHeir');
  onTestFinished(() => void (exists(pid) && process.kill(pid, 'SIGKILL')));
  return pid;
}

async function askHeir(port: number): Promise<Heir> {
  return JSON.parse(await fetched(request, { port, path: '/' })) as Heir;
}

const isHeld = (path: string) => probeLock(path).state === 'held';

/** Waits until the locks and the port are free, then expects the next start to succeed at once. */
async function expectFree(options: Options): Promise<void> {
  const { lockPaths } = resolveGatewayPaths(options);
  await until(() => !lockPaths.some(isHeld), 'the locks are free');
  await until(async () => (await probePort({ port: options.port })).state === 'free', 'the port is free');
  const lock = await acquireGatewayLock({ ...options, timeoutMs: 0, bindTimeoutMs: 0 });
  await lock.close();
}

describe('a child that inherits the locks and the port of a gateway', () => {
  test('a child that inherits the locks and the port of a gateway keeps locks and port when its parent is killed, and releases them when the child is killed', async () => {
    const { actor, options, lockPaths } = await startGateway();
    const heir = await spawnHeir(actor);
    await actor.call('handOverTo', heir);
    await actor.kill('SIGKILL');
    for (const path of lockPaths) expect(tryAcquireLock(path)).toBeNull();
    expect((await askHeir(options.port)).pid).toBe(heir);
    await expect(acquireGatewayLock(options)).rejects.toMatchObject({
      code: 'ERR_GATEWAY_PORT_IN_USE',
      owner: { pid: heir },
      ownerAlive: true,
    });
    process.kill(heir, 'SIGKILL');
    await expectFree(options);
  });

  test('a child that inherits the locks and the port of a gateway keeps locks and port even if the parent never called handOverTo()', async () => {
    const { actor, options, lockPaths } = await startGateway();
    const heir = await spawnHeir(actor);
    await actor.kill('SIGKILL');
    for (const path of lockPaths) expect(tryAcquireLock(path)).toBeNull();
    const known = native().findLockHolders(lockPaths[0]!).length > 0;
    expect(probeLock(lockPaths[0]!)).toMatchObject({
      state: 'held',
      owner: { pid: actor.pid },
      ownerAlive: false,
      ...(known ? { holderPid: heir } : {}),
    });
    await expect(acquireGatewayLock({ ...options, timeoutMs: 50, whenListening: 'wait' })).rejects.toMatchObject({
      code: 'ERR_GATEWAY_LOCKED',
      message: `gateway already running (pid ${known ? heir : 'unknown'}); lock timeout after 50ms`,
    });
    process.kill(heir, 'SIGKILL');
    await expectFree(options);
  });

  test('a second hand-over: the holder is named although the record names a dead process', async (ctx) => {
    const { actor, options, lockPaths } = await startGateway();
    const heir = await spawnHeir(actor);
    await actor.kill('SIGKILL');
    if (native().findLockHolders(lockPaths[0]!).length === 0) return ctx.skip('this system reports no lock holders');
    // At once, although the record names a dead process: it is not a holder that is dying.
    await expect(acquireGatewayLock({ ...options, timeoutMs: 60_000 })).rejects.toMatchObject({
      code: 'ERR_GATEWAY_PORT_IN_USE',
      holderPid: heir,
      hint: expect.stringMatching(
        new RegExp(
          `^pid ${heir} \\(which inherited the lock from pid ${actor.pid}\\) holds '.*stop it \\(kill ${heir}\\)`,
        ),
      ),
    });
    const supervised = {
      supervisor: 'systemd',
      start: (attempt: object) => acquireGatewayLock({ ...options, ...attempt }),
    } as const;
    expect(await startSupervised(supervised)).toMatchObject({ outcome: 'duplicate', owner: null, holderPid: heir });
    const [listed] = await listLocks({ stateDir: options.stateDir, env: {} });
    expect(listed).toMatchObject({ ownerAlive: false, holderPid: heir, command: [process.execPath, HEIR] });
    expect(await probeGateway(options)).toMatchObject({ state: 'running', holderPid: heir });
  });

  test('a child that inherits the locks and the port of a gateway keeps locks and port when its parent ends by process.exit()', async () => {
    const { actor, options, lockPaths } = await startGateway();
    const heir = await spawnHeir(actor);
    await actor.call('handOverTo', heir);
    await actor.call('exit', 0);
    await actor.exited;
    for (const path of lockPaths) expect(tryAcquireLock(path)).toBeNull();
    expect((await askHeir(options.port)).pid).toBe(heir);
  });

  test('a child that inherits the locks and the port of a gateway keeps locks and port when its parent ends because it has no more work', async () => {
    const { actor, options, lockPaths } = await startGateway();
    const heir = await spawnHeir(actor);
    await actor.call('handOverTo', heir);
    await actor.call('finish');
    expect(await actor.exited).toEqual({ code: 0, signal: null });
    for (const path of lockPaths) {
      expect(tryAcquireLock(path)).toBeNull();
      expect(probeLock(path)).toMatchObject({ state: 'held', owner: { pid: heir }, ownerAlive: true });
    }
    expect((await askHeir(options.port)).pid).toBe(heir);
    process.kill(heir, 'SIGKILL');
    await expectFree(options);
  });

  test('a child that inherits the locks and the port of a gateway can serve on descriptor 3, same as in socket activation', async () => {
    const { actor, options } = await startGateway();
    const heir = await spawnHeir(actor);
    expect(await askHeir(options.port)).toEqual({ pid: heir, LISTEN_FDS: '1', LISTEN_FDNAMES: 'gateway' });
    expect(await probeHealth({ port: options.port })).toMatchObject({ healthy: true });
  });

  test('a child that inherits the locks and the port of a gateway is named in the owner record with its pid and start time after handOverTo()', async () => {
    const { actor, options, lockPaths } = await startGateway();
    const before = lockPaths.map((path) => probeLock(path).owner!);
    const heir = await spawnHeir(actor);
    await actor.call('handOverTo', heir);
    for (const [i, path] of lockPaths.entries()) {
      const { state, owner, ownerAlive } = probeLock(path);
      expect({ state, ownerAlive }).toEqual({ state: 'held', ownerAlive: true });
      expect(owner).toMatchObject({ pid: heir, port: options.port, createdAt: before[i]!.createdAt, kernelLock: true });
      if (processStartToken(heir) !== null) expect(owner!.startTime).toBe(processStartToken(heir));
    }
    expect(await probeGateway(options)).toMatchObject({
      state: 'running',
      owner: { pid: heir },
      listenerPid: heir,
      health: { healthy: true },
    });
  });

  test.each(['close', 'leave'])(
    'a child that inherits the locks and the port of a gateway keeps locks and port when its parent calls %s()',
    async (method) => {
      const { actor, options, lockPaths } = await startGateway();
      const heir = await spawnHeir(actor);
      await actor.call('handOverTo', heir);
      await actor.call(method);
      for (const path of lockPaths) {
        expect(tryAcquireLock(path)).toBeNull();
        expect(probeLock(path)).toMatchObject({ state: 'held', owner: { pid: heir }, ownerAlive: true });
      }
      expect((await askHeir(options.port)).pid).toBe(heir);
      await expect(acquireGatewayLock({ ...options, port: await freePort(), timeoutMs: 0 })).rejects.toMatchObject({
        code: 'ERR_GATEWAY_LOCKED',
      });
      process.kill(heir, 'SIGKILL');
      await expectFree(options);
    },
  );

  test('a child that inherits the locks and the port of a gateway leaves locks and port to its parent when the child ends', async () => {
    const { actor, options, lockPaths } = await startGateway();
    const heir = await spawnHeir(actor);
    process.kill(heir, 'SIGKILL');
    await until(() => !exists(heir), 'the holder reaps the child');
    expect(await actor.call('verify', 'gateway')).toBe(true);
    for (const path of lockPaths) expect(tryAcquireLock(path)).toBeNull();
    await actor.call('serve');
    expect(await probeHealth({ port: options.port })).toMatchObject({ healthy: true });
  });

  test('inherits only the locks if there is no socket', async () => {
    const { actor, options, lockPaths } = await startGateway({ bind: false });
    expect(await actor.call('inheritance')).toEqual({
      descriptors: [expect.any(Number), expect.any(Number)],
      environment: {},
    });
    const heir = await spawnHeir(actor);
    await actor.kill('SIGKILL');
    for (const path of lockPaths) expect(tryAcquireLock(path)).toBeNull();
    process.kill(heir, 'SIGKILL');
    await expectFree(options);
  });

  test('inherits both sockets of localhost', async (ctx) => {
    const missing = whyNoAddress('localhost');
    if (missing !== null) return ctx.skip(missing);
    const { actor } = await startGateway({ host: 'localhost', port: 0 });
    const { descriptors, environment } = await actor.call<Inheritance>('inheritance');
    expect(environment).toEqual({ LISTEN_FDS: '2', LISTEN_FDNAMES: 'gateway:gateway' });
    expect(new Set(descriptors).size).toBe(4);
  });
});

describe('what a child cannot inherit', () => {
  test('a child cannot inherit a socket that a server uses', async () => {
    const { actor } = await startGateway();
    await actor.call('serve');
    const { descriptors, environment } = await actor.call<Inheritance>('inheritance');
    expect(environment).toEqual({});
    expect(descriptors).toHaveLength(2);
  });

  test('a child cannot inherit a closed listener', () => {
    const listener = listenerOn({});
    expect(listener.fds).toEqual([expect.any(Number)]);
    void listener.close();
    expect(listener.fds).toEqual([]);
  });

  test('a child cannot inherit a released lock', async () => {
    const { actor } = await startGateway();
    await actor.call('close');
    await expect(actor.call('inheritance')).rejects.toMatchObject({ code: 'ERR_INVALID_STATE' });
    await expect(actor.call('execFailure', { path: '/bin/true', args: ['true'] })).resolves.toMatchObject({
      error: { code: 'ERR_INVALID_STATE' },
    });
    const lock = (await acquireLock(join(freshDirectory(), 'a.lock')))!;
    expect(lock.fd).toBeGreaterThan(2);
    lock.release();
    expect(lock.fd).toBe(-1);
  });
});

test.each([0, -1, 1.5, Number.NaN, 2 ** 31, '12', null, undefined])('handOverTo() rejects %s as a pid', async (pid) => {
  const lock = await acquireGatewayLock({ stateDir: freshDirectory(), port: 0, env: {} });
  onTestFinished(() => lock.close());
  const { owner } = lock;
  await expect(lock.handOverTo(pid as number)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  expect(probeLock(lock.lockPaths[0]!).owner).toEqual(owner);
  expect(lock.inheritance.descriptors).toHaveLength(3);
});

test('a child can inherit a single lock', async () => {
  const path = join(freshDirectory(), 'a.lock');
  const lock = (await acquireLock(path))!;
  const child = spawn('/bin/sh', ['-c', 'echo go; read _'], { stdio: ['pipe', 'pipe', 'ignore', lock.fd] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout!, 'data');
  lock.handOverTo(child.pid!);
  expect(probeLock(path)).toMatchObject({ state: 'held', owner: { pid: child.pid }, ownerAlive: true });
  lock.release();
  expect([lock.held, lock.fd]).toEqual([false, -1]);
  expect(tryAcquireLock(path)).toBeNull();
  lock.handOverTo(child.pid!);
  child.kill('SIGKILL');
  await once(child, 'exit');
  tryAcquireLock(path)!.release();
});

describe('a program that exec() starts', () => {
  const heir = { path: process.execPath, args: ['node', HEIR] };

  test('a program that exec() starts has the pid, the locks, the port and the standard streams of the process that called exec()', async () => {
    const { actor, options, lockPaths } = await startGateway();
    await actor.call('exec', heir);
    await until(() => actor.output.includes('serving'), 'the program serves');
    const pid = String(actor.pid);
    expect(await askHeir(options.port)).toEqual({
      pid: actor.pid,
      LISTEN_FDS: '1',
      LISTEN_FDNAMES: 'gateway',
      LISTEN_PID: pid,
    });
    for (const path of lockPaths) {
      expect(probeLock(path)).toMatchObject({ state: 'held', owner: { pid: actor.pid }, ownerAlive: true });
    }
    expect(await probeGateway(options)).toMatchObject({ state: 'running', listenerPid: actor.pid });
    await actor.kill('SIGKILL');
    await expectFree(options);
  });

  test('serves a connection that a client opened before exec()', async () => {
    const { actor, options } = await startGateway();
    const answer = askHeir(options.port);
    await actor.call('exec', heir);
    expect((await answer).pid).toBe(actor.pid);
  });

  test('inherits no other descriptors and no LISTEN_* variables of the process that called exec()', async () => {
    const { actor } = await startGateway({ bind: false });
    const env = { LISTEN_FDS: '7', LISTEN_PID: '8', LISTEN_FDNAMES: 'x', GIVEN: 'yes', UNSET: undefined };
    const script =
      'env | grep -E "LISTEN|GIVEN|UNSET|PATH|NODE"; for fd in 3 4 5 6 7 8 9; do (true <&$fd) && echo $fd; done';
    await actor.call('exec', { path: '/bin/sh', args: ['sh', '-c', `${script} 2>/dev/null; echo end`], env });
    expect(await actor.exited).toEqual({ code: 0, signal: null });
    expect(actor.output.split('\n').filter((line) => !/^(PWD|OLDPWD|.*cannot|.*not found)/.test(line))).toEqual(
      expect.arrayContaining(['GIVEN=yes', '3', '4', 'end']),
    );
    expect(actor.output).not.toMatch(/LISTEN|UNSET|NODE|^[5-9]$/m);
  });

  test('a program that exec() starts has its own exit code, and signals have their default action', async () => {
    const first = await startGateway();
    await first.actor.call('exec', { path: '/bin/sh', args: ['sh', '-c', 'exit 7'] });
    expect(await first.actor.exited).toEqual({ code: 7, signal: null });
    await expectFree(first.options);
    const second = await startGateway();
    await second.actor.call('catchSignal', 'SIGTERM');
    await second.actor.call('exec', heir);
    await until(() => second.actor.output.includes('serving'), 'the program serves');
    expect(await second.actor.kill('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
    await expectFree(second.options);
  });

  test('a program that exec() starts has a blocking standard output, so that 1 MB of output is complete', async () => {
    const { actor } = await startGateway();
    await actor.call('exec', {
      path: '/bin/sh',
      args: ['sh', '-c', 'head -c 1000000 /dev/zero | tr "\\0" x; echo; echo $?'],
    });
    expect(await actor.exited).toEqual({ code: 0, signal: null });
    await until(() => actor.output.length >= 1_000_003, 'the output is complete');
    expect(actor.output.endsWith('x\n0\n')).toBe(true);
  });
});

describe('a failed exec()', () => {
  test.each<[string, (directory: string) => string, string]>([
    ['the program does not exist', (directory) => join(directory, 'none'), 'ENOENT'],
    ['the file is not a program', (directory) => join(directory, 'text'), 'ENOEXEC'],
    ['the file is not executable', (directory) => join(directory, 'plain'), 'EACCES'],
    ['the path is a directory', dirname, 'EACCES'],
    ['the path is a bare name, which is not searched in PATH', () => 'sh', 'ENOENT'],
  ])('exec() throws and changes nothing if %s', async (_, pathIn, code) => {
    const path = pathIn(freshPrograms());
    const { actor, options, lockPaths } = await startGateway();
    await actor.call('catchSignal', 'SIGPIPE');
    const failure = await actor.call<{ error: object; before: unknown; after: unknown }>('execFailure', {
      path,
      args: ['name'],
    });
    expect(failure.error).toEqual({ name: 'Error', code, syscall: 'execve', path });
    expect(failure.after).toEqual(failure.before);
    for (const name of ['SIGUSR2', 'SIGTERM', 'SIGPIPE']) expect(await actor.call('signal', name)).toBe(name);
    await actor.call('serve');
    expect(await probeHealth({ port: options.port })).toMatchObject({ healthy: true });
    expect(await actor.call('verify', 'gateway')).toBe(true);
    for (const path of lockPaths) expect(tryAcquireLock(path)).toBeNull();
    const child = await actor.call<number>('spawnChild');
    onTestFinished(() => void (exists(child) && process.kill(child, 'SIGKILL')));
    await actor.kill('SIGKILL');
    await expectFree(options);
  });

  test.each<[string, unknown, string]>([
    ['no program', undefined, 'ERR_INVALID_ARG_TYPE'],
    ['a path with a NUL', { path: '/bin/true\0x', args: [] }, 'ERR_INVALID_ARG_VALUE'],
    ['no arguments', { path: '/bin/true' }, 'ERR_INVALID_ARG_TYPE'],
    ['an argument with a NUL', { path: '/bin/true', args: ['true', 'a\0b'] }, 'ERR_INVALID_ARG_VALUE'],
    ['an argument that is a number', { path: '/bin/true', args: ['true', 1] }, 'ERR_INVALID_ARG_TYPE'],
    ['a variable with a NUL', { path: '/bin/true', args: [], env: { A: 'a\0B=c' } }, 'ERR_INVALID_ARG_VALUE'],
  ])('exec() throws and changes nothing for %s', async (_, program, code) => {
    const lock = await acquireGatewayLock({ stateDir: freshDirectory(), port: 0, env: {} });
    onTestFinished(() => lock.close());
    expect(() => lock.exec(program as ExecProgram)).toThrow(expect.objectContaining({ code }));
    expect(lock.verify()).toBe(true);
  });
});

/** Creates a directory with files that exec() cannot run. */
function freshPrograms(): string {
  const directory = freshDirectory();
  writeFileSync(join(directory, 'text'), 'neither ELF nor #!\n');
  chmodSync(join(directory, 'text'), 0o755);
  writeFileSync(join(directory, 'plain'), '#!/bin/sh\n', { mode: 0o644 });
  return directory;
}
