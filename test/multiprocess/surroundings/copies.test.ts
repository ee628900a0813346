// Two copies of the package in one process, as npm installs them for two dependents that need
// different versions. Each copy loads its own addon, with its own threads and tables.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import * as ours from '../../../src/index.js';
import { need } from '../../support/capabilities.js';
import { freshDirectory } from '../../support/directories.js';
import { hold } from '../../support/holding.js';
import { ROOT } from '../../support/markdown.js';

const PARTS = ['package.json', 'dist', 'build/Release', 'prebuilds', 'node_modules/node-gyp-build'];
const lockPath = () => join(freshDirectory(), 'a.lock');

const directory = mkdtempSync(join(tmpdir(), 'gateway-lock-copy-'));
let theirs: typeof ours;

beforeAll(async () => {
  for (const part of PARTS.filter((each) => existsSync(join(ROOT, each)))) {
    mkdirSync(dirname(join(directory, part)), { recursive: true });
    cpSync(join(ROOT, part), join(directory, part), { recursive: true });
  }
  theirs = await import(/* @vite-ignore */ pathToFileURL(join(directory, 'dist/index.js')).href);
});

afterAll(() => {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch {
    // Windows does not remove an addon that is loaded.
  }
});

test('this process has loaded two addons', (ctx) => {
  need(ctx, process.platform === 'linux' ? null : 'this system has no /proc/self/maps');
  need(ctx, process.env['GATEWAY_LOCK_PREBUILD'] ? 'GATEWAY_LOCK_PREBUILD names one addon for both copies' : null);
  hold(lockPath());
  theirs.probeLock(lockPath());
  const maps = readFileSync('/proc/self/maps', 'utf8').split('\n');
  const addons = new Set(maps.map((line) => line.split(/\s+/)[5] ?? '').filter((path) => path.endsWith('lock.node')));
  expect(addons.size).toBe(2);
});

test('a lock of one copy excludes the other copy, and neither releases the lock of the other', () => {
  const path = lockPath();
  const lock = hold(path);
  expect(theirs.tryAcquireLock(path)).toBeNull();
  expect(theirs.probeLock(path)).toMatchObject({ state: 'held', owner: { pid: process.pid } });
  expect(lock.verify()).toBe(true);
  lock.release();
  const next = theirs.tryAcquireLock(path)!;
  onTestFinished(() => next.release());
  lock.release();
  expect([next.verify(), ours.tryAcquireLock(path)]).toEqual([true, null]);
});

test('a waiter of one copy is woken by a release of the other, in both directions', async () => {
  const path = lockPath();
  for (const [first, second] of [
    [ours, theirs],
    [theirs, ours],
  ] as const) {
    const holder = first.tryAcquireLock(path)!;
    const waiting = second.acquireLock(path, { timeoutMs: 20_000 });
    await new Promise((resolve) => setImmediate(resolve));
    holder.release();
    const lock = await waiting;
    expect(lock.reclaimed).toBe(null);
    // On Windows the waiter may try again before the release is reported.
    expect(['watch', process.platform === 'win32' ? 'poll' : 'watch']).toContain(lock.waitMode);
    lock.release();
  }
});

test('waiters of both copies acquire the lock one at a time', async () => {
  const path = lockPath();
  let holders = 0;
  const enter = async ({ acquireLock }: typeof ours) => {
    const lock = await acquireLock(path, { timeoutMs: 20_000, keepFile: false });
    expect(++holders).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1));
    holders--;
    lock.release();
  };
  await Promise.all(Array.from({ length: 40 }, (_, index) => enter(index % 2 === 0 ? ours : theirs)));
});

test('a gateway of one copy refuses a gateway of the other, and each copy recognises the error of the other', async () => {
  const options = { stateDir: freshDirectory(), bind: false, env: {} } as const;
  const gateway = await ours.acquireGatewayLock(options);
  onTestFinished(() => gateway.close());
  const error = await theirs.acquireGatewayLock({ ...options, timeoutMs: 0 }).catch((each: unknown) => each);
  expect(error).toMatchObject({ code: 'ERR_GATEWAY_LOCKED', owner: { pid: process.pid } });
  expect(error instanceof ours.GatewayLockError).toBe(true);
});
