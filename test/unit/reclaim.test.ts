import { spawnSync } from 'node:child_process';
import { utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { OwnerRecord } from '../../src/errors.js';
import { judgeLeftover, STALE_AFTER_MS } from '../../src/lock/reclaim.js';
import { freePort, freshDirectory } from '../support/places.js';
import { newRecord } from '../support/records.js';

/** Of this very process, which is alive, with a record and no kernel lock. */
const recordOnly: OwnerRecord = { ...newRecord(), kernelLock: false };
/** This system cannot tell whether that process is alive. */
const unknowable: OwnerRecord = { ...recordOnly, bootId: 'another boot', host: 'another host' };

function leftover(ageMs = 0): string {
  const path = join(freshDirectory(), 'a.lock');
  writeFileSync(path, 'content does not matter');
  const seconds = (Date.now() - ageMs) / 1000;
  utimesSync(path, seconds, seconds);
  return path;
}

async function listeningPort(host = '127.0.0.1'): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}

describe('a leftover can be taken', () => {
  test('at once when it names nobody, however fresh it is', () => {
    expect(judgeLeftover(null, leftover(), undefined)).toBe('stale');
  });

  test('at once when its owner had the kernel lock: we have it now, so that owner is gone', async () => {
    const port = await listeningPort();
    const stillRunning = { ...newRecord(), port };
    expect(judgeLeftover(stillRunning, leftover(), { host: '127.0.0.1', port })).toBe('owner-gone');
  });

  test('when the owner of a record without a kernel lock is gone, whoever listens on its port', async () => {
    const { pid } = spawnSync(process.execPath, ['-v']);
    expect(judgeLeftover({ ...recordOnly, pid, port: await listeningPort() }, leftover(), undefined)).toBe(
      'owner-gone',
    );
  });

  test('when nobody listens on the port of its owner', async () => {
    expect(judgeLeftover({ ...recordOnly, port: await freePort() }, leftover(), undefined)).toBe('port-free');
    expect(judgeLeftover(recordOnly, leftover(), { host: '127.0.0.1', port: await freePort() })).toBe('port-free');
  });

  test('after 30 s when nothing can be found out about its owner', () => {
    expect(STALE_AFTER_MS).toBe(30_000);
    expect(judgeLeftover(unknowable, leftover(31_000), undefined)).toBe('stale');
  });
});

describe('an older gateway is respected', () => {
  test('as long as it is alive and listens', async () => {
    const port = await listeningPort();
    expect(judgeLeftover({ ...recordOnly, port }, leftover(), undefined)).toBeNull();
    expect(judgeLeftover(recordOnly, leftover(), { host: '127.0.0.1', port })).toBeNull();
  });

  test('when it is alive and no port is known, however old its record is', () => {
    expect(judgeLeftover(recordOnly, leftover(24 * 3_600_000), undefined)).toBeNull();
  });

  test('at the port of its record rather than at ours', async () => {
    const [own, ours] = [await listeningPort(), await freePort()];
    expect(judgeLeftover({ ...recordOnly, port: own }, leftover(), { host: '127.0.0.1', port: ours })).toBeNull();
  });

  test('at the loopback when it would listen on a wildcard', async () => {
    const port = await listeningPort();
    expect(judgeLeftover(recordOnly, leftover(), { host: '0.0.0.0', port })).toBeNull();
  });

  test('for 30 s when nothing can be found out about it', () => {
    expect(judgeLeftover(unknowable, leftover(29_000), undefined)).toBeNull();
  });
});
