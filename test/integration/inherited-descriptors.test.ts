// Tests the addon's functions that hand locks and sockets over, with descriptors that a real child
// process has inherited.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { LockId } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ADDON = join(process.env['GATEWAY_LOCK_PREBUILD'] || ROOT, 'build/Release/gateway_lock.node');
const addon = native();
const newPath = () => join(freshDirectory(), 'a.lock');

beforeEach((ctx) => need(ctx, process.platform === 'win32' ? 'Windows inherits no descriptors' : null));

/** Starts a process that runs `script` with the addon, the lock's path and the inherited descriptors from 3 on. */
function start(script: string, path: string, inherited: readonly number[]): ChildProcess {
  const program = `const [addonPath, path] = process.argv.slice(1); const addon = require(addonPath);
    const answer = (value) => console.log(JSON.stringify(value)); ${script}`;
  const child = spawn(process.execPath, ['-e', program, ADDON, path], {
    stdio: ['pipe', 'pipe', 'inherit', ...inherited],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const [chunk] = await once(child.stdout!, 'data');
  return JSON.parse(String(chunk));
}

test('a child adopts the lock, the socket and the token, and keeps them after the parent has left', async () => {
  const path = newPath();
  const lock = addon.tryAcquire(path, 0) as LockId;
  const listener = addon.listen('127.0.0.1', 0, 8);
  const port = addon.portOf(listener);
  const [ours, theirs] = addon.socketPair();
  writeSync(ours, 'a');
  const child = start(
    `answer([addon.takeToken(5), addon.takeToken(5), typeof addon.adoptLock(path, 4, 0), typeof addon.adoptListener(3, '127.0.0.1', ${port})]);
     process.stdin.resume();`,
    path,
    [addon.socketOf(listener), addon.descriptorOf(lock), theirs],
  );
  closeSync(theirs);
  expect(await answerOf(child)).toEqual([true, false, 'number', 'number']);
  addon.leaveLock(lock);
  addon.closeListener(listener);
  closeSync(ours);
  expect(addon.tryAcquire(path, 0)).toBe('');
  expect(addon.probePort('127.0.0.1', port)).toBe('accepted');
  if (process.platform === 'linux') expect(addon.findLockHolders(path)).toEqual([child.pid]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const next = addon.tryAcquire(path, 0) as LockId;
  expect(next).toBeTypeOf('number');
  addon.release(next);
});

test('sendSignal() ends only the process with the start token, and no process that has ended', async () => {
  const child = start('answer(1); process.stdin.resume();', newPath(), []);
  await answerOf(child);
  const token = addon.processStartToken(child.pid!);
  expect(addon.sendSignal(child.pid!, token + 1, 9)).toBe(false);
  expect(addon.sendSignal(child.pid!, token, 15)).toBe(true);
  expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
  expect(addon.sendSignal(child.pid!, token, 15)).toBe(false);
});

test('a notification of a child arrives, and an error of notify() names the path', async () => {
  const path = join(freshDirectory(), 'notify');
  const socket = addon.openNotifySocket(path);
  await answerOf(start("addon.notify(path, 'READY=1'); answer(1);", path, []));
  expect([addon.readNotification(socket), addon.readNotification(socket)]).toEqual(['READY=1', null]);
  addon.closeNotifySocket(socket);
  expect(() => addon.notify(path, 'READY=1')).toThrow(
    expect.objectContaining({ code: 'ENOENT', syscall: 'sendto', path }),
  );
});
