import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { acquireLock, type FileLock, probeLock, type TryAcquireLockOptions, tryAcquireLock } from '../../src/index.js';
import { type Actor, startActor } from '../support/actors.js';
import { freshDirectory } from '../support/directories.js';
import { startFaultyActor, whyNoFaults } from '../support/faulty-actor.js';
import { freePort } from '../support/free-port.js';
import { processStartToken, writeOlderRecord } from '../support/older-gateway.js';
import { snapshotOf } from '../support/snapshot.js';

const lockPath = () => join(freshDirectory(), 'a.lock');

function acquire(path: string, options?: TryAcquireLockOptions): FileLock {
  const lock = tryAcquireLock(path, options);
  if (lock === null) throw new Error(`'${path}' is held`);
  onTestFinished(() => lock.release());
  return lock;
}

function setAge(path: string, ageMs: number): void {
  const seconds = (Date.now() - ageMs) / 1000;
  utimesSync(path, seconds, seconds);
}

const alive = JSON.stringify({ pid: process.ppid, kernelLock: true, createdAt: new Date().toISOString() });

describe('a lock file that names no owner', () => {
  test.each<[string, string | Buffer, FileLock['reclaimed']]>([
    ['nothing', '', null],
    ['only NULs', Buffer.alloc(4096), null],
    ['a truncated record', alive.slice(0, -5), 'stale'],
    ['a record that is truncated after the pid', `{"pid":${process.ppid}`, 'stale'],
  ])(
    'a lock file that names no owner is reclaimed, and its content replaced, if it contains %s',
    (_what, content, reclaimed) => {
      const path = lockPath();
      writeFileSync(path, content);
      expect(probeLock(path)).toEqual({ state: 'free', heldBy: null, owner: null, ownerAlive: null });
      const lock = acquire(path);
      expect(lock.reclaimed).toBe(reclaimed);
      const lines = readFileSync(path, 'latin1').split('\n');
      expect([lines.length, JSON.parse(lines[0]!).ownerId]).toEqual([2, lock.owner!.ownerId]);
    },
  );
});

describe('a file that is not a lock file', () => {
  test.each<[string, string | Buffer]>([
    ['a plain pid file', `${process.ppid}\n`],
    ['a list of records', `[${alive}]`],
    ['a pid as text', `{"pid":"${process.ppid}"}`],
    ['a pid that no process can have', '{"pid":99999999999,"port":1}'],
    ['a configuration', '{"name":"myapp"}'],
    ['1 MiB of NULs', Buffer.alloc(1 << 20)],
    ['1 MiB of text', Buffer.alloc(1 << 20, 'x')],
    ['1 MiB of nesting', Buffer.alloc(1 << 20, '[')],
    ['bytes that are not text', Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80])],
  ])(
    'a file that is not a lock file is refused and left unchanged in both modes if it contains %s',
    (_what, content) => {
      const path = lockPath();
      writeFileSync(path, content);
      const before = snapshotOf(path);
      const refused = expect.objectContaining({ code: 'ERR_LOCK_INVALID_FILE', path }) as Error;
      for (const mode of ['exclusive', 'shared'] as const)
        expect(() => tryAcquireLock(path, { mode })).toThrow(refused);
      expect(() => probeLock(path)).toThrow(refused);
      expect(snapshotOf(path)).toEqual(before);
    },
  );
});

describe('a lock file with a record of this package', () => {
  test('a lock file with a record of this package is reclaimed after SIGKILL of its owner, as probeLock() reports beforehand', async () => {
    const path = lockPath();
    const holder = await startActor();
    await holder.call('tryAcquire', path, { owner: { role: 'gateway' } });
    expect(await holder.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    expect(probeLock(path)).toMatchObject({
      state: 'leftover',
      heldBy: null,
      owner: { pid: holder.pid, role: 'gateway' },
      ownerAlive: false,
    });
    expect(acquire(path).reclaimed).toBe('owner-gone');
  });

  test('a lock file with a record of this package is reclaimed even if the record names a living process with the right start time and port', async () => {
    const path = lockPath();
    const stranger = await startActor();
    const { port } = await stranger.call<{ port: number }>('bind', { port: 0 });
    const record = { pid: stranger.pid, startTime: processStartToken(stranger.pid), port, kernelLock: true };
    writeFileSync(path, `${JSON.stringify(record)}\n`);
    expect(acquire(path, { endpoint: { host: '127.0.0.1', port } }).reclaimed).toBe('owner-gone');
  });

  test('a lock file with a record of this package is reclaimed even if the record names process 1 or this process', () => {
    for (const pid of [1, process.pid]) {
      const path = lockPath();
      writeFileSync(path, JSON.stringify({ pid, kernelLock: true, createdAt: new Date().toISOString() }));
      expect(acquire(path).reclaimed).toBe('owner-gone');
    }
  });

  test('a lock file with a record of this package is reclaimed if the end of a longer record follows, because the holder was killed before it truncated the file', () => {
    const path = lockPath();
    writeFileSync(path, `{"pid":2147483646,"kernelLock":true}\n"role":"gateway"}\n`);
    expect(probeLock(path)).toMatchObject({ state: 'leftover', owner: { pid: 2147483646 }, ownerAlive: false });
  });
});

interface OlderGateway {
  readonly actor: Actor;
  readonly path: string;
  readonly port: number;
}

/** Starts a process that listens, and writes a record for it without a kernel lock. */
async function startOlderGateway(fields: Record<string, unknown> = {}): Promise<OlderGateway> {
  const actor = await startActor();
  const { port } = await actor.call<{ port: number }>('bind', { port: 0 });
  const path = lockPath();
  writeOlderRecord(path, { pid: actor.pid, port, ...fields });
  return { actor, path, port };
}

describe('an older gateway with a record and no kernel lock', () => {
  test('an older gateway counts as the holder while it is alive and listening, and its lock file stays unchanged', async () => {
    const { actor, path } = await startOlderGateway();
    const before = snapshotOf(path);
    expect(tryAcquireLock(path)).toBeNull();
    expect(tryAcquireLock(path, { mode: 'shared' })).toBeNull();
    await expect(acquireLock(path, { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'ERR_LOCK_TIMEOUT',
      owner: { pid: actor.pid, kernelLock: false },
      ownerAlive: true,
    });
    expect(probeLock(path)).toMatchObject({
      state: 'held',
      heldBy: 'record',
      owner: { pid: actor.pid },
      ownerAlive: true,
    });
    expect(snapshotOf(path)).toEqual(before);
  });

  test('an older gateway counts as the holder regardless of the age of its record', async () => {
    const { path } = await startOlderGateway();
    setAge(path, 24 * 3_600_000);
    expect(tryAcquireLock(path)).toBeNull();
  });

  test('an older gateway is probed at the endpoint in the options if its liveness is unknown and its record has no port', async () => {
    const { path, port } = await startOlderGateway({ port: undefined, startTime: undefined, createdAt: undefined });
    expect(tryAcquireLock(path, { endpoint: { host: '127.0.0.1', port } })).toBeNull();
    expect(tryAcquireLock(path, { endpoint: { host: '0.0.0.0', port } })).toBeNull();
    expect(existsSync(path)).toBe(true);
    const free = await freePort();
    expect(acquire(path, { endpoint: { host: '127.0.0.1', port: free } }).reclaimed).toBe('port-free');
  });

  test('an older gateway makes acquireLock() wait until it ends', async () => {
    const { actor, path } = await startOlderGateway();
    const lock = await acquireLock(path, { timeoutMs: 20_000, onContended: () => void actor.kill('SIGTERM') });
    // A process that ends closes its sockets before it counts as dead, so the port may become free
    // before the owner is dead.
    expect(lock.reclaimed).toMatch(/^(owner-gone|port-free)$/);
    lock.release();
  });

  // Such a gateway is starting or restarting, or has a role in which it never listens.
  test('an older gateway counts as the holder while it is alive, even if it is not listening', async () => {
    const actor = await startActor();
    const path = lockPath();
    writeOlderRecord(path, { pid: actor.pid, port: await freePort() });
    expect(tryAcquireLock(path)).toBeNull();
    expect(probeLock(path)).toMatchObject({ state: 'held', heldBy: 'record', ownerAlive: true });
  });

  test('an older gateway no longer counts as the holder after it was killed, whatever listens on its port now', async () => {
    const { actor, path } = await startOlderGateway();
    await actor.kill('SIGKILL');
    const { port } = await startOlderGateway();
    writeOlderRecord(path, { pid: actor.pid, port });
    expect(acquire(path).reclaimed).toBe('owner-gone');
  });

  // The clock may have been set back between the start of the process and the record.
  test('an older gateway counts as the holder while it listens, even if it seems to have started after its record was written', async () => {
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
    const { path, actor } = await startOlderGateway({ startTime: undefined, createdAt: hourAgo });
    expect(probeLock(path)).toMatchObject({
      state: 'held',
      heldBy: 'record',
      owner: { pid: actor.pid },
      ownerAlive: null,
    });
    expect(tryAcquireLock(path)).toBeNull();
    writeOlderRecord(path, { pid: actor.pid, startTime: undefined, createdAt: hourAgo, port: await freePort() });
    expect(acquire(path).reclaimed).toBe('port-free');
  });

  test('an older gateway no longer counts as the holder if its pid belongs to a process with another start time', async (ctx) => {
    if (processStartToken(process.pid) === null) ctx.skip('this system has no /proc/PID/stat');
    const { path } = await startOlderGateway({ startTime: 1 });
    expect(acquire(path).reclaimed).toBe('owner-gone');
  });

  test('an older gateway counts as the holder for 30 s after the last write to its record if its liveness is unknown', async () => {
    const { path } = await startOlderGateway({ startTime: undefined, createdAt: undefined, port: undefined });
    for (const [ageMs, held] of [
      [0, true],
      [5000, true],
      [31_000, false],
    ] as const) {
      setAge(path, ageMs);
      const lock = tryAcquireLock(path);
      lock?.release();
      expect(lock === null, `${ageMs} ms`).toBe(held);
    }
  });

  test('an older gateway counts as the holder if its port cannot be probed', async (ctx) => {
    const missing = whyNoFaults();
    if (missing) ctx.skip(missing);
    const { path } = await startOlderGateway();
    const before = snapshotOf(path);
    const actor = await startFaultyActor('socket EMFILE', path);
    expect(await actor.call('tryAcquire', path)).toBeNull();
    expect(snapshotOf(path)).toEqual(before);
  });
});

test('a reclaim keeps the inode of a leftover lock file, so that the kernel refuses waiters that have the file open', () => {
  const path = lockPath();
  writeFileSync(path, '{"pid":2147483646}');
  const { ino } = statSync(path);
  acquire(path);
  expect(statSync(path).ino).toBe(ino);
});
