import { spawnSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  acquireGatewayLock,
  acquireLock,
  type GatewayLockEvents,
  type SupervisedAttempt,
  startSupervised,
  tryAcquireLock,
} from '../../src/index.js';
import { startActor } from '../support/actors.js';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { whyHeldFileStays } from '../support/held-file.js';

type Name = keyof GatewayLockEvents;
interface Published {
  readonly name: string;
  readonly payload: Record<string, unknown>;
}

const SILENT = fileURLToPath(new URL('../fixtures/silent.mjs', import.meta.url));
const NAMES: Name[] = [
  'gateway-lock:acquire',
  'gateway-lock:wait',
  'gateway-lock:reclaim',
  'gateway-lock:lost',
  'gateway-lock:release',
  'gateway-lock:decision',
];

const lockPath = () => join(freshDirectory(), 'a.lock');

/** Records the events of all channels in order until the test ends. */
function record(): Published[] {
  const published: Published[] = [];
  const listener = (payload: unknown, name: string | symbol) =>
    void published.push({ name: String(name).replace('gateway-lock:', ''), payload: payload as Published['payload'] });
  for (const name of NAMES) {
    subscribe(name, listener);
    onTestFinished(() => void unsubscribe(name, listener));
  }
  return published;
}

const namesOf = (published: Published[]) => published.map(({ name }) => name);

describe('the diagnostics channels', () => {
  test('the diagnostics channels publish acquire and release events with the path, mode and owner', () => {
    const [published, path] = [record(), lockPath()];
    const lock = tryAcquireLock(path)!;
    const { owner } = lock;
    lock.updateOwner({ port: 1 });
    lock.release();
    lock.release();
    expect(published).toEqual([
      { name: 'acquire', payload: { path, mode: 'exclusive', owner } },
      { name: 'release', payload: { path, owner: { ...owner, port: 1 } } },
    ]);
  });

  test('the diagnostics channels publish a null owner for a shared lock', () => {
    const [published, path] = [record(), lockPath()];
    tryAcquireLock(path, { mode: 'shared' })!.release();
    expect(published).toEqual([
      { name: 'acquire', payload: { path, mode: 'shared', owner: null } },
      { name: 'release', payload: { path, owner: null } },
    ]);
  });

  test.each<[string, string, string]>([
    ['a dead holder', '{"pid":2147483646,"kernelLock":true}', 'owner-gone'],
    ['an unknown holder', '{"pid":1', 'stale'],
  ])(
    'the diagnostics channels publish a reclaim event before the acquire event for a file that %s left',
    (_, content, reason) => {
      const [published, path] = [record(), lockPath()];
      writeFileSync(path, content);
      tryAcquireLock(path)!.release();
      expect(namesOf(published)).toEqual(['reclaim', 'acquire', 'release']);
      expect(published[0]!.payload).toEqual({ path, reason });
    },
  );

  test('the diagnostics channels publish a reclaim event for the record of an older gateway that no longer listens', async () => {
    const [published, path, port] = [record(), lockPath(), await freePort()];
    writeFileSync(path, JSON.stringify({ pid: process.ppid, port }));
    tryAcquireLock(path)!.release();
    expect(published[0]).toEqual({ name: 'reclaim', payload: { path, reason: 'port-free' } });
  });

  test('the diagnostics channels publish one wait event per wait, with the holder, then a reclaim and an acquire event', async () => {
    const path = lockPath();
    const holder = await startActor();
    await holder.call('tryAcquire', path);
    const published = record();
    const lock = await acquireLock(path, { timeoutMs: 20_000, onContended: () => void holder.kill() });
    lock.release();
    expect(namesOf(published)).toEqual(['wait', 'reclaim', 'acquire', 'release']);
    const owner = expect.objectContaining({ pid: holder.pid });
    expect(published[0]!.payload).toEqual({ path, timeoutMs: 20_000, owner, ownerAlive: true });
  });

  test('the diagnostics channels publish only a wait event for a wait that times out', async () => {
    const path = lockPath();
    const lock = tryAcquireLock(path)!;
    const published = record();
    await expect(acquireLock(path, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'ERR_LOCK_TIMEOUT' });
    expect(namesOf(published)).toEqual(['wait']);
    lock.release();
  });

  test('the diagnostics channels publish no wait event if the lock is free', async () => {
    const path = lockPath();
    const published = record();
    (await acquireLock(path)).release();
    const lock = tryAcquireLock(path)!;
    expect(tryAcquireLock(path)).toBeNull();
    await expect(acquireLock(path, { timeoutMs: 0 })).rejects.toMatchObject({ code: 'ERR_LOCK_TIMEOUT' });
    lock.release();
    expect(namesOf(published)).toEqual(['acquire', 'release', 'acquire', 'release']);
  });

  test.for<[string, (path: string) => void]>([
    ['removed', (path) => rmSync(path)],
    ['replaced', (path) => renameSync(tryAcquireLock(`${path}.new`)!.path, path)],
  ])('the diagnostics channels publish one lost event after the lock file was %s', ([_, take], ctx) => {
    need(ctx, whyHeldFileStays);
    const path = lockPath();
    const lock = tryAcquireLock(path)!;
    const published = record();
    take(path);
    published.length = 0;
    expect([lock.verify(), lock.verify()]).toEqual([false, false]);
    lock.release();
    expect(namesOf(published)).toEqual(['lost', 'release']);
    expect(published[0]!.payload).toEqual({
      path,
      error: expect.objectContaining({ code: 'ERR_LOCK_REPLACED', path, owner: lock.owner }),
    });
  });

  test('the diagnostics channels publish an acquire event for each lock of a gateway in order, and release events in reverse order', async () => {
    const published = record();
    const lock = await acquireGatewayLock({ stateDir: freshDirectory(), port: 0, env: {} });
    const [state, config] = lock.lockPaths;
    await lock.close();
    expect(published.map(({ name, payload }) => [name, payload['path']])).toEqual([
      ['acquire', state],
      ['acquire', config],
      ['release', config],
      ['release', state],
    ]);
  });

  test('the diagnostics channels publish a release event for each lock of a gateway whose bind failed', async () => {
    const { port } = await (await startActor()).call<{ port: number }>('bind', { port: 0 });
    const published = record();
    await expect(acquireGatewayLock({ stateDir: freshDirectory(), port, env: {} })).rejects.toThrow();
    expect(namesOf(published)).toEqual(['acquire', 'acquire', 'release', 'release']);
  });

  test('the diagnostics channels publish each decision with the fields that onDecision receives', async () => {
    const options = { stateDir: freshDirectory(), port: await freePort(), env: {} };
    const holder = await startActor();
    await holder.call('gateway', options);
    await holder.call('serve');
    const [published, decisions] = [record(), [] as unknown[]];
    const outcome = await startSupervised({
      start: (attempt: SupervisedAttempt) => acquireGatewayLock({ ...options, ...attempt }),
      supervisor: 'launchd',
      onDecision: (decision) => void decisions.push(decision),
    });
    expect(outcome).toMatchObject({ outcome: 'duplicate', exitCode: 0 });
    const [decision] = published.filter(({ name }) => name === 'decision');
    expect(decision!.payload).toMatchObject({ decision: 'leave', supervisor: 'launchd', attempts: 1 });
    expect(decisions).toEqual([decision!.payload]);
  });
});

describe('the output of the library', () => {
  test.each(['no', 'throwing'])(
    'the library works and prints nothing during a complete life cycle with %s subscribers',
    (subscribers) => {
      const { status, signal, stdout, stderr } = spawnSync(process.execPath, [SILENT, freshDirectory(), subscribers], {
        encoding: 'utf8',
        timeout: 20_000,
      });
      expect({ status, signal, stdout, stderr }).toEqual({ status: 0, signal: null, stdout: '', stderr: '' });
    },
  );
});

test('a subscriber of the acquire event cannot acquire the lock, because the lock is already held', () => {
  const path = lockPath();
  const seen: unknown[] = [];
  const listener = () => void seen.push(tryAcquireLock(path));
  subscribe('gateway-lock:acquire', listener);
  onTestFinished(() => void unsubscribe('gateway-lock:acquire', listener));
  tryAcquireLock(path)!.release();
  expect(seen).toEqual([null]);
});
