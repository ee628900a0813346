// Processes under a real seccomp filter that refuses system calls, as in a strict container.
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { tryAcquireLock } from '../../../src/index.js';
import { type Actor, startActor } from '../../support/actors.js';
import { compileProgram, whyNoLinuxCompiler } from '../../support/c-program.js';
import { type Missing, need } from '../../support/capabilities.js';
import { freshDirectory } from '../../support/directories.js';
import { hold } from '../../support/holding.js';

const { EPERM, ENOSYS } = constants.errno;
const noCompiler = whyNoLinuxCompiler('linux/seccomp.h');

function whyNoFilter(program: string): Missing {
  return spawnSync(program, ['flock=1', '--', 'true']).status === 0
    ? null
    : 'this kernel refuses no system call (seccomp)';
}

let program: string;

beforeEach((ctx) => {
  need(ctx, noCompiler);
  program = compileProgram('refuse-calls');
  need(ctx, whyNoFilter(program));
});

const lockPath = () => join(freshDirectory(), 'a.lock');

function startFiltered(...refused: string[]): Promise<Actor> {
  return startActor({ execPath: program, execArgv: [...refused, '--', process.execPath] });
}

const FILTERS = [
  { what: 'inotify_init1()', refused: [`inotify_init1=${EPERM}`], waitMode: 'poll' },
  { what: 'inotify_add_watch()', refused: [`inotify_add_watch=${EPERM}`], waitMode: 'poll' },
  { what: 'pidfd_open()', refused: [`pidfd_open=${EPERM}`], waitMode: 'watch' },
  { what: 'all of these', refused: [`inotify_init1=${ENOSYS}`, `pidfd_open=${ENOSYS}`], waitMode: 'poll' },
];

describe.each(FILTERS)('a waiter under a filter that refuses $what', ({ refused, waitMode }) => {
  test(`acquires the lock after a release, with waitMode ${waitMode}`, async () => {
    const path = lockPath();
    const holder = hold(path);
    const waiter = await startFiltered(...refused);
    const waiting = waiter.call('acquire', path, { timeoutMs: 20_000 });
    await waiter.call('probe', path);
    holder.release();
    expect(await waiting).toMatchObject({ waitMode });
    expect(tryAcquireLock(path)).toBeNull();
    await waiter.call('release', path);
  });

  test('acquires the lock after kill -9 of the holder', async () => {
    const path = lockPath();
    const [holder, waiter] = [await startActor(), await startFiltered(...refused)];
    await holder.call('tryAcquire', path);
    const waiting = waiter.call('acquire', path, { timeoutMs: 20_000 });
    await waiter.call('probe', path);
    await holder.kill();
    expect(await waiting).toMatchObject({ reclaimed: 'owner-gone' });
  });
});

describe('a process under a filter that refuses flock()', () => {
  test('never acquires the lock, and leaves it to other processes, if the error is EPERM', async () => {
    const path = lockPath();
    const filtered = await startFiltered(`flock=${EPERM}`);
    await expect(filtered.call('tryAcquire', path)).rejects.toMatchObject({
      code: expect.stringMatching(/^(EPERM|ERR_LOCK_PERMISSION)$/),
      message: expect.stringContaining('flock'),
    });
    const holder = hold(path);
    await expect(filtered.call('tryAcquire', path)).rejects.toMatchObject({
      message: expect.stringContaining('flock'),
    });
    expect(holder.verify()).toBe(true);
  });

  test('never acquires the lock if the error is ENOSYS, which also means that the file system has no locks', async () => {
    const path = lockPath();
    const filtered = await startFiltered(`flock=${ENOSYS}`);
    for (const weakFileSystem of ['error', 'allow']) {
      await expect(filtered.call('tryAcquire', path, { weakFileSystem })).rejects.toMatchObject({
        code: 'ERR_LOCK_UNSUPPORTED',
      });
    }
    expect(hold(path).held).toBe(true);
  });
});
