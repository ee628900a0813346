// File leases, which Samba and the NFS server set with fcntl(F_SETLEASE). Until a lease is
// released, a non-blocking open() of the file fails with EAGAIN.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { acquireGatewayLock, acquireLock, tryAcquireLock } from '../../src/index.js';
import { need } from '../support/capabilities.js';
import { type Running, start, untilPrinted } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { lockDirectory } from '../support/lock-directory.js';
import { python, whyNoFcntl } from '../support/python.js';

const HOLDER = fileURLToPath(new URL('../fixtures/lease-holder.py', import.meta.url));
const whyNoLease = process.platform === 'linux' ? whyNoFcntl : 'only Linux has file leases';

beforeEach((ctx) => need(ctx, whyNoLease));

async function startLease(path: string): Promise<Running> {
  writeFileSync(path, '');
  const run = start([HOLDER, path], { program: [python], stdin: 'pipe' });
  await untilPrinted(run, /^held$/m);
  return run;
}

/** Releases the lease after the first attempt of the waiter has been refused. */
async function releaseLease(lease: Running): Promise<void> {
  await untilPrinted(lease, /^asked$/m);
  lease.child.stdin!.end();
}

describe('a file lease on the lock file', () => {
  test('makes acquireLock() wait until the lease is released', async () => {
    const path = join(freshDirectory(), 'a.lock');
    const lease = await startLease(path);
    const waiting = acquireLock(path, { timeoutMs: 30_000 });
    await releaseLease(lease);
    using lock = await waiting;
    expect(lock.verify()).toBe(true);
  });

  test('makes acquireGatewayLock() wait until the lease is released', async () => {
    const stateDir = freshDirectory();
    const lease = await startLease(join(lockDirectory(stateDir), 'gateway.state.lock'));
    const starting = acquireGatewayLock({ stateDir, port: await freePort(), env: {}, timeoutMs: 30_000 });
    await releaseLease(lease);
    const lock = await starting;
    onTestFinished(() => lock.close({ graceMs: 0 }));
    expect(lock.verify()).toBe(true);
  });

  test('makes acquireLock() fail with EAGAIN at the deadline, and tryAcquireLock() at once', async () => {
    const path = join(freshDirectory(), 'a.lock');
    await startLease(path);
    const expected = { code: 'EAGAIN', syscall: 'open', path };
    await expect(acquireLock(path, { timeoutMs: 50 })).rejects.toMatchObject(expected);
    expect(() => tryAcquireLock(path)).toThrow(expect.objectContaining(expected));
  });
});
