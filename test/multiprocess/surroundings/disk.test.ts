// A file system without free space or without free inodes, as a tmpfs of a fixed size.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { probeLock, tryAcquireLock } from '../../../src/index.js';
import { startActor } from '../../support/actors.js';
import { need, whyNoMount } from '../../support/capabilities.js';
import { freshDirectory } from '../../support/directories.js';
import { hold } from '../../support/holding.js';

beforeEach((ctx) => need(ctx, whyNoMount()));

function mountSmall(options: string): string {
  const directory = freshDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory], { stdio: 'pipe' });
  onTestFinished(() => void execFileSync('umount', ['--lazy', directory], { stdio: 'pipe' }));
  return directory;
}

/** Fills the file system with one file. Returns its path. */
function fill(directory: string): string {
  const path = join(directory, 'filler');
  expect(() => {
    for (let block = 0; block < 1000; block++) appendFileSync(path, Buffer.alloc(4096, 1));
  }).toThrow('ENOSPC');
  return path;
}

describe('a disk without free space', () => {
  test('an attempt fails with ENOSPC, holds no lock, and succeeds once there is space', async () => {
    const directory = mountSmall('size=64k');
    const path = join(directory, 'a.lock');
    const filler = fill(directory);
    const other = await startActor();
    for (const keepFile of [true, false]) {
      expect(() => tryAcquireLock(path, { keepFile })).toThrow(
        expect.objectContaining({ code: 'ENOSPC', syscall: 'write', path }),
      );
      expect(probeLock(path).state).not.toBe('held');
      await expect(other.call('tryAcquire', path, { keepFile })).rejects.toMatchObject({ code: 'ENOSPC' });
    }
    rmSync(filler);
    expect(await other.call('tryAcquire', path)).toMatchObject({ reclaimed: null });
  });

  test('a holder keeps and releases its lock while the disk is full, and a waiter in another process acquires it', async () => {
    const directory = mountSmall('size=64k');
    const path = join(directory, 'a.lock');
    const holder = hold(path);
    const waiter = await startActor();
    const waiting = waiter.call('acquire', path, { timeoutMs: 20_000 });
    await waiter.call('probe', path);
    const filler = fill(directory);
    expect(holder.verify()).toBe(true);
    expect(tryAcquireLock(path)).toBeNull();
    holder.release();
    expect(await waiting).toMatchObject({ owner: { pid: waiter.pid } });
    expect(existsSync(filler)).toBe(true);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: waiter.pid });
  });

  test('a shared lock, which writes no record, is acquired', () => {
    const directory = mountSmall('size=64k');
    fill(directory);
    expect(hold(join(directory, 'a.lock'), { mode: 'shared' }).held).toBe(true);
  });

  test('a gateway start fails with an error that names the lock file, and succeeds once there is space', async () => {
    const directory = mountSmall('size=64k');
    const options = { stateDir: directory, bind: false, env: {} };
    const gateway = await startActor();
    const filler = fill(directory);
    await expect(gateway.call('gateway', options)).rejects.toMatchObject({
      message: expect.stringMatching(/ENOSPC.*gateway-/s),
    });
    rmSync(filler);
    expect(await gateway.call('gateway', options)).not.toBeNull();
  });
});

test('without free inodes an attempt fails with ENOSPC, and succeeds once there is an inode', () => {
  const directory = mountSmall('nr_inodes=3');
  const path = join(directory, 'a.lock');
  for (const name of ['one', 'two']) writeFileSync(join(directory, name), '');
  expect(() => writeFileSync(join(directory, 'three'), '')).toThrow('ENOSPC');
  expect(() => tryAcquireLock(path)).toThrow(expect.objectContaining({ code: 'ENOSPC', syscall: 'open', path }));
  rmSync(join(directory, 'one'));
  expect(hold(path).held).toBe(true);
});
