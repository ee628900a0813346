// A holder that a debugger has stopped. inheritance.test.ts has the tests of holders that are
// stopped by a signal, and of zombies.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { acquireLock, probeLock, tryAcquireLock } from '../../../src/index.js';
import { startActor } from '../../support/actors.js';
import { compileProgram, whyNoLinuxCompiler } from '../../support/c-program.js';
import { type Missing, need } from '../../support/capabilities.js';
import { freshDirectory } from '../../support/directories.js';
import { hold } from '../../support/holding.js';

const noCompiler = whyNoLinuxCompiler('linux/ptrace.h');

let program: string;

beforeEach(async (ctx) => {
  need(ctx, noCompiler);
  program = compileProgram('ptrace-stop');
  need(ctx, await whyNoPtrace());
});

async function whyNoPtrace(): Promise<Missing> {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const { status, stderr } = spawnSync(program, [String(child.pid)], { input: '', encoding: 'utf8' });
  child.kill('SIGKILL');
  return status === 0 ? null : `this system does not allow ptrace: ${stderr.trim()}`;
}

/** Stops a process as a debugger does. */
async function stop(pid: number): Promise<ChildProcess> {
  const tracer = spawn(program, [String(pid)], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void tracer.kill('SIGKILL'));
  await once(tracer.stdout!, 'data');
  expect(/^State:\t(.)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]).toBe('t');
  return tracer;
}

const lockPath = () => join(freshDirectory(), 'a.lock');

test('a holder that a debugger has stopped keeps the lock, counts as alive, and still holds the lock afterwards', async () => {
  const path = lockPath();
  const holder = await startActor();
  await holder.call('tryAcquire', path);
  const tracer = await stop(holder.pid);
  expect(tryAcquireLock(path)).toBeNull();
  expect(probeLock(path)).toMatchObject({ state: 'held', ownerAlive: true, owner: { pid: holder.pid } });
  await expect(acquireLock(path, { timeoutMs: 300 })).rejects.toMatchObject({
    code: 'ERR_LOCK_TIMEOUT',
    ownerAlive: true,
  });
  tracer.stdin!.end();
  expect(await holder.call('verify', path)).toBe(true);
  expect(tryAcquireLock(path)).toBeNull();
});

test('a waiter acquires the lock after kill -9 of a holder that a debugger has stopped', async () => {
  const path = lockPath();
  const [holder, waiter] = [await startActor(), await startActor()];
  await holder.call('tryAcquire', path);
  const waiting = waiter.call('acquire', path, { timeoutMs: 20_000 });
  await waiter.call('probe', path);
  const tracer = await stop(holder.pid);
  process.kill(holder.pid, 'SIGKILL');
  expect(await waiting).toMatchObject({ reclaimed: 'owner-gone' });
  // The kernel reports the end of the holder to its parent after that of the debugger.
  tracer.kill('SIGKILL');
});

test('a waiter that a debugger has stopped during a release acquires the lock afterwards', async () => {
  const path = lockPath();
  const holder = hold(path);
  const waiter = await startActor();
  const waiting = waiter.call('acquire', path, { timeoutMs: 20_000 });
  await waiter.call('probe', path);
  const tracer = await stop(waiter.pid);
  holder.release();
  hold(path).release();
  tracer.stdin!.end();
  expect(await waiting).toMatchObject({ owner: { pid: waiter.pid } });
});
