import { spawnSync } from 'node:child_process';
import { utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Endpoint } from '../../src/endpoint.js';
import type { OwnerRecord } from '../../src/errors.js';
import { judgeLeftover, STALE_AFTER_MS, type Verdict } from '../../src/lock/leftover.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { newRecord } from '../support/records.js';

/** The record of this process, which is alive and holds no kernel lock. */
const recordOnly: OwnerRecord = { ...newRecord(), kernelLock: false };
/** The record of a process whose liveness this host cannot determine. */
const unknowable: OwnerRecord = { ...recordOnly, bootId: 'another boot', host: 'another host' };

interface Judged {
  readonly text?: string;
  readonly ageMs?: number;
  readonly endpoint?: Endpoint;
  readonly ownPath?: boolean;
  readonly hasOtherNames?: boolean;
}

function judge(record: OwnerRecord | null, how: Judged = {}): Verdict {
  const {
    endpoint,
    ownPath = true,
    hasOtherNames = false,
    text = record === null ? 'garbage' : JSON.stringify(record),
  } = how;
  const path = join(freshDirectory(), 'a.lock');
  writeFileSync(path, text);
  const seconds = (Date.now() - (how.ageMs ?? 0)) / 1000;
  utimesSync(path, seconds, seconds);
  const content = { text, size: Buffer.byteLength(text), hasOtherNames };
  return judgeLeftover(content, { path, endpoint, ownPath }).verdict;
}

async function listeningPort(host = '127.0.0.1'): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}

describe('a leftover lock file', () => {
  test('a leftover lock file can be reclaimed at once if it is damaged and in a lock directory, however new the file is', () => {
    expect(judge(null)).toBe('stale');
  });

  test('a leftover lock file can be reclaimed at once if its owner held the kernel lock, which is free now', async () => {
    const port = await listeningPort();
    expect(judge({ ...newRecord(), port }, { endpoint: { host: '127.0.0.1', port } })).toBe('owner-gone');
  });

  test('a leftover lock file can be reclaimed if its owner held no kernel lock and is dead, whatever listens on its port', async () => {
    const { pid } = spawnSync(process.execPath, ['-v']);
    expect(judge({ ...recordOnly, pid, port: await listeningPort() })).toBe('owner-gone');
  });

  test('a leftover lock file can be reclaimed if the liveness of its owner is unknown and its port refuses connections', async () => {
    const port = await freePort();
    expect(judge({ ...unknowable, port })).toBe('port-free');
    expect(judge(unknowable, { endpoint: { host: '127.0.0.1', port } })).toBe('port-free');
  });

  test('a leftover lock file can be reclaimed if the liveness of its owner is unknown and its date is more than 30 s in the past or future', async () => {
    expect(STALE_AFTER_MS).toBe(30_000);
    expect(judge(unknowable, { ageMs: 31_000 })).toBe('stale');
    expect(judge(unknowable, { ageMs: -31_000 })).toBe('stale');
    expect(judge({ ...unknowable, port: await listeningPort('127.0.0.1'), pid: 2147483646 }, { ageMs: 31_000 })).toBe(
      'stale',
    );
  });
});

describe('a gateway without a kernel lock', () => {
  test('a gateway without a kernel lock counts as the holder while it is alive, whatever the state of its port and the age of its record', async () => {
    for (const port of [null, await freePort(), await listeningPort()]) {
      expect(judge({ ...recordOnly, port }, { ageMs: 24 * 3_600_000 })).toBe('held-by-record');
    }
  });

  test('a gateway without a kernel lock counts as the holder for 30 s if its liveness is unknown', () => {
    expect(judge(unknowable, { ageMs: 29_000 })).toBe('held-by-record');
    expect(judge(unknowable, { ageMs: -29_000 })).toBe('held-by-record');
  });

  test('a gateway without a kernel lock counts as the holder while the process in its record listens on the port, which proves that it is alive', async (ctx) => {
    const port = await listeningPort();
    const withoutStartTime = { ...recordOnly, startTime: null, createdAt: '1990-01-01T00:00:00.000Z', port };
    const judged = judge(withoutStartTime, { ageMs: 24 * 3_600_000 });
    if (judged === 'stale') ctx.skip('this system does not report which process listens on a port');
    expect(judged).toBe('held-by-record');
  });

  test('a gateway without a kernel lock counts as the holder if it listens on the port in its record, whatever the port of the caller', async () => {
    const [own, ours] = [await listeningPort(), await freePort()];
    expect(judge({ ...unknowable, port: own }, { endpoint: { host: '127.0.0.1', port: ours } })).toBe('held-by-record');
  });

  test('a gateway without a kernel lock counts as the holder if it listens on a loopback address although the caller names a wildcard', async () => {
    const port = await listeningPort();
    expect(judge(unknowable, { endpoint: { host: '0.0.0.0', port } })).toBe('held-by-record');
  });
});

describe('a file that is not a lock file', () => {
  test('a file that is not a lock file is refused at a path that the caller named', () => {
    expect(judge(null, { ownPath: false })).toBe('not-a-lock-file');
  });

  test('a file that is not a lock file is refused in a lock directory if it is a hard link, which may lead to any file of the user', () => {
    expect(judge(null, { hasOtherNames: true })).toBe('not-a-lock-file');
    expect(judge(newRecord(), { hasOtherNames: true })).toBe('owner-gone');
  });
});
