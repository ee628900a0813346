// OpenClaw holds no kernel lock on its lock file. Instead it keeps an exclusive transaction on the
// database `<lock>.sqlite`, its coordinator, for its whole life. The transaction proves that
// OpenClaw is alive. A probe of the transaction has no side effect.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { acquireGatewayLock, acquireLock, probeLock, tryAcquireLock } from '../../src/index.js';
import { startActor } from '../support/actors.js';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { deadPid, setAge, whyNoPidNamespaces } from '../support/hand-written-records.js';
import { hold } from '../support/holding.js';
import { lockDirectory } from '../support/lock-directory.js';
import { writeOlderRecord } from '../support/older-gateway.js';
import { snapshotOf } from '../support/snapshot.js';
import { openDatabase, SQLITE_PROGRAMS, startSqliteHolder, whyNoNodeSqlite } from '../support/sqlite.js';

const lockPath = () => join(freshDirectory(), 'a.lock');
const DAY_MS = 24 * 3_600_000;
const UNKNOWN = { startTime: undefined, createdAt: undefined };

describe.for(SQLITE_PROGRAMS)('a transaction on the coordinator, made with $name,', (sqlite) => {
  test('proves that the owner in the record is alive, whatever the port and the age of the record, until it ends', async (ctx) => {
    need(ctx, sqlite.missing);
    const path = lockPath();
    const holder = await startSqliteHolder(sqlite, `${path}.sqlite`);
    writeOlderRecord(path, { pid: holder.pid, port: await freePort(), ...UNKNOWN });
    setAge(path, DAY_MS);
    const before = [path, `${path}.sqlite`].map(snapshotOf);
    expect(probeLock(path)).toMatchObject({ state: 'held', heldBy: 'record', owner: { pid: holder.pid } });
    for (const mode of ['exclusive', 'shared'] as const) expect(tryAcquireLock(path, { mode })).toBeNull();
    await expect(acquireLock(path, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'ERR_LOCK_TIMEOUT' });
    expect([path, `${path}.sqlite`].map(snapshotOf)).toEqual(before);
    // stderr is not checked, because node:sqlite warns that it is experimental.
    expect(await holder.release()).toMatchObject({ code: 0 });
    expect(probeLock(path).state).toBe('leftover');
    expect(hold(path).reclaimed).toBe('owner-gone');
  });

  test('proves that an owner in another pid namespace is alive', async (ctx) => {
    need(ctx, sqlite.missing);
    need(ctx, whyNoPidNamespaces);
    const path = lockPath();
    const holder = await startSqliteHolder(sqlite, `${path}.sqlite`);
    writeOlderRecord(path, { pid: deadPid(), pidNamespace: 'pid:[1]', ...UNKNOWN });
    setAge(path, DAY_MS);
    expect([probeLock(path).state, tryAcquireLock(path)]).toEqual(['held', null]);
    await holder.release();
    expect([probeLock(path).state, hold(path).reclaimed]).toEqual(['leftover', 'stale']);
  });

  test.for(['', '{"torn'])('makes a start fail if the lock file names no owner (content %j)', async (content, ctx) => {
    need(ctx, sqlite.missing);
    const stateDir = freshDirectory();
    const path = join(lockDirectory(stateDir), 'gateway.state.lock');
    writeFileSync(path, content);
    const holder = await startSqliteHolder(sqlite, `${path}.sqlite`);
    const options = { stateDir, bind: false, env: {} };
    await expect(acquireGatewayLock({ ...options, timeoutMs: 50 })).rejects.toMatchObject({
      code: 'ERR_GATEWAY_LOCKED',
    });
    expect(existsSync(path)).toBe(true);
    await holder.release();
    const lock = await acquireGatewayLock(options);
    onTestFinished(() => lock.close());
    expect(lock.reclaimed).toBe(content === '' ? null : 'stale');
  });

  test('has no effect after its end, although the database remains', async (ctx) => {
    need(ctx, sqlite.missing);
    const path = lockPath();
    await (await startSqliteHolder(sqlite, `${path}.sqlite`)).release();
    writeOlderRecord(path, { pid: deadPid() });
    expect(existsSync(`${path}.sqlite`)).toBe(true);
    expect(hold(path).reclaimed).toBe('owner-gone');
  });
});

test('a probe of the coordinator by the process that has the transaction does not end the transaction', async (ctx) => {
  need(ctx, whyNoNodeSqlite);
  const path = lockPath();
  const database = openDatabase(`${path}.sqlite`);
  onTestFinished(() => database.close());
  database.exec('PRAGMA journal_mode = MEMORY; CREATE TABLE coordinator (id INTEGER); BEGIN EXCLUSIVE');
  writeOlderRecord(path, { pid: process.pid });
  expect([probeLock(path).state, tryAcquireLock(path)]).toEqual(['held', null]);
  const prober = await startActor();
  expect(await prober.call('probe', path)).toMatchObject({ state: 'held', heldBy: 'record' });
  // The record names a dead process, so only the transaction proves that the lock is held.
  writeOlderRecord(path, { pid: deadPid() });
  expect(await prober.call('tryAcquire', path)).toBeNull();
});
