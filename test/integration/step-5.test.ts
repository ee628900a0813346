// Tests the table of step 5 in docs/protocol.md row by row. Each row has a record in a lock file,
// the state of the record's owner, and the verdict, on which probeLock() and tryAcquireLock() must
// agree.
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { probeLock, type TryAcquireLockOptions, tryAcquireLock } from '../../src/index.js';
import { startActor } from '../support/actors.js';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import {
  deadPid,
  ourRecord,
  setAge,
  whyNoInit,
  whyNoPidNamespaces,
  whyNoStartTime,
} from '../support/hand-written-records.js';
import { listening } from '../support/listeners.js';
import { writeOlderRecord } from '../support/older-gateway.js';
import { whyNoPortOwner } from '../support/port-owner.js';
import { snapshotOf } from '../support/snapshot.js';

type Verdict = 'owner-gone' | 'stale' | 'port-free' | 'held';

/** The pid of a living process that holds no lock, and the ports that a record can name. */
interface World {
  readonly pid: number;
  readonly ownPort: number;
  readonly strangersPort: number;
  readonly freePort: number;
}

interface Row {
  readonly what: string;
  readonly fields: (world: World) => { readonly pid: number; readonly [field: string]: unknown };
  /** Milliseconds since the file was written. Negative for a date in the future. */
  readonly ageMs?: number;
  readonly verdict: Verdict;
  readonly needs?: () => string | null;
}

const HOUR_MS = 3_600_000;
const OLD_MS = 31_000;
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const NO_START = { startTime: undefined, createdAt: undefined };
const OTHER_BOOT = { bootId: '00000000-0000-0000-0000-000000000000' };
const ELSEWHERE = { ...OTHER_BOOT, host: 'another-host', startTime: undefined };
const OTHER_NAMESPACE = { pidNamespace: 'pid:[1]', startTime: undefined };

/** Rows with a record of an older gateway, which holds no kernel lock. */
const RECORD_ONLY: readonly Row[] = [
  { what: 'the pid of no process', fields: () => ({ pid: deadPid() }), verdict: 'owner-gone' },
  {
    what: 'the pid of no process, on a port of another process',
    fields: ({ strangersPort }) => ({ pid: deadPid(), port: strangersPort }),
    verdict: 'owner-gone',
  },
  {
    what: 'a pid of a later process with another start time',
    fields: ({ pid, ownPort }) => ({ pid, startTime: 1, port: ownPort }),
    verdict: 'owner-gone',
    needs: () => whyNoStartTime,
  },
  {
    what: 'another boot of this host',
    fields: ({ pid }) => ({ pid, ...OTHER_BOOT, host: hostname() }),
    verdict: 'owner-gone',
    needs: () => whyNoStartTime,
  },
  { what: 'alive', fields: ({ pid }) => ({ pid }), verdict: 'held' },
  { what: 'alive, its port is free', fields: ({ pid, freePort: port }) => ({ pid, port }), verdict: 'held' },
  {
    what: 'alive, its port belongs to another process',
    fields: ({ pid, strangersPort: port }) => ({ pid, port }),
    verdict: 'held',
  },
  { what: 'alive, its record is a day old', fields: ({ pid }) => ({ pid }), ageMs: 24 * HOUR_MS, verdict: 'held' },
  { what: 'alive, its file is from the future', fields: ({ pid }) => ({ pid }), ageMs: -HOUR_MS, verdict: 'held' },
  {
    what: 'alive, createdAt is in the future because the clock was set back',
    fields: ({ pid }) => ({ pid, createdAt: ago(-HOUR_MS) }),
    ageMs: -HOUR_MS,
    verdict: 'held',
  },
  {
    what: 'alive, looks younger than its record because the clock was set forward',
    fields: ({ pid }) => ({ pid, createdAt: ago(HOUR_MS) }),
    ageMs: HOUR_MS,
    verdict: 'held',
    needs: () => whyNoStartTime,
  },
  {
    what: 'unknown (no start time, as on macOS), younger than its record by the wall clock, new',
    fields: ({ pid }) => ({ pid, startTime: undefined, createdAt: ago(HOUR_MS) }),
    verdict: 'held',
  },
  {
    what: 'unknown (no start time, as on macOS), younger than its record, 31 s old',
    fields: ({ pid }) => ({ pid, startTime: undefined, createdAt: ago(HOUR_MS) }),
    ageMs: OLD_MS,
    verdict: 'stale',
  },
  {
    what: 'unknown (no start time, as on macOS), younger than its record, listens on its port',
    fields: ({ pid, ownPort: port }) => ({ pid, port, startTime: undefined, createdAt: ago(HOUR_MS) }),
    ageMs: OLD_MS,
    verdict: 'held',
    needs: () => whyNoPortOwner,
  },
  {
    what: 'unknown (neither start time nor date), new',
    fields: ({ pid }) => ({ pid, ...NO_START }),
    verdict: 'held',
  },
  // The age of 5 s is far below the limit of 30 s, because the verdict may take seconds on a busy
  // machine.
  { what: 'unknown, 5 s old', fields: ({ pid }) => ({ pid, ...NO_START }), ageMs: 5000, verdict: 'held' },
  { what: 'unknown, 31 s old', fields: ({ pid }) => ({ pid, ...NO_START }), ageMs: OLD_MS, verdict: 'stale' },
  { what: 'unknown, from the future', fields: ({ pid }) => ({ pid, ...NO_START }), ageMs: -HOUR_MS, verdict: 'stale' },
  {
    what: 'process 1, unknown, from the future',
    fields: () => ({ pid: 1, ...NO_START }),
    ageMs: -HOUR_MS,
    verdict: 'stale',
    needs: () => whyNoInit,
  },
  {
    what: 'unknown, its port is free',
    fields: ({ pid, freePort: port }) => ({ pid, port, ...NO_START }),
    verdict: 'port-free',
  },
  {
    what: 'unknown, its port belongs to another process, new',
    fields: ({ pid, strangersPort: port }) => ({ pid, port, ...NO_START }),
    verdict: 'held',
  },
  {
    what: 'unknown, its port belongs to another process, 31 s old',
    fields: ({ pid, strangersPort: port }) => ({ pid, port, ...NO_START }),
    ageMs: OLD_MS,
    verdict: 'stale',
  },
  {
    what: 'unknown, listens on its port, a day old',
    fields: ({ pid, ownPort: port }) => ({ pid, port, ...NO_START }),
    ageMs: 24 * HOUR_MS,
    verdict: 'held',
    needs: () => whyNoPortOwner,
  },
  { what: 'another boot of another host, new', fields: ({ pid }) => ({ pid, ...ELSEWHERE }), verdict: 'held' },
  {
    what: 'another boot of another host, 31 s old',
    fields: ({ pid }) => ({ pid, ...ELSEWHERE }),
    ageMs: OLD_MS,
    verdict: 'stale',
  },
  {
    what: 'another pid namespace, new',
    fields: () => ({ pid: deadPid(), ...OTHER_NAMESPACE }),
    verdict: 'held',
    needs: () => whyNoPidNamespaces,
  },
  {
    what: 'another pid namespace, 31 s old',
    fields: () => ({ pid: deadPid(), ...OTHER_NAMESPACE }),
    ageMs: OLD_MS,
    verdict: 'stale',
    needs: () => whyNoPidNamespaces,
  },
  {
    what: 'another pid namespace, its port is free',
    fields: ({ freePort: port }) => ({ pid: deadPid(), port, ...OTHER_NAMESPACE }),
    verdict: 'port-free',
    needs: () => whyNoPidNamespaces,
  },
];

/** Rows with a record of this package, whose writer held the kernel lock. */
const OURS: readonly Row[] = [
  { what: 'the pid of no process', fields: () => ({ pid: deadPid() }), verdict: 'owner-gone' },
  { what: 'the pid of a later process', fields: ({ pid }) => ({ pid, startTime: 1 }), verdict: 'owner-gone' },
  { what: 'this process', fields: () => ({ pid: process.pid }), verdict: 'owner-gone' },
  { what: 'process 1', fields: () => ({ pid: 1, startTime: null }), verdict: 'owner-gone' },
  { what: 'another boot of another host', fields: ({ pid }) => ({ pid, ...ELSEWHERE }), verdict: 'owner-gone' },
  { what: 'another pid namespace', fields: ({ pid }) => ({ pid, ...OTHER_NAMESPACE }), verdict: 'owner-gone' },
  {
    what: 'a living process that listens on its port and holds no lock',
    fields: ({ pid, ownPort: port }) => ({ pid, port }),
    verdict: 'owner-gone',
  },
  {
    what: 'a living process that listens on its port and holds no lock, from the future',
    fields: ({ pid, ownPort: port }) => ({ pid, port }),
    ageMs: -HOUR_MS,
    verdict: 'owner-gone',
  },
];

async function startWorld(): Promise<World> {
  const actor = await startActor();
  const { port: ownPort } = await actor.call<{ port: number }>('bind', { port: 0 });
  const { port: strangersPort } = await listening(await import('node:net').then(({ createServer }) => createServer()));
  return { pid: actor.pid, ownPort, strangersPort, freePort: await freePort() };
}

function expectVerdict(path: string, verdict: Verdict): void {
  const before = snapshotOf(path);
  const probe = probeLock(path);
  expect(snapshotOf(path)).toEqual(before);
  expect(probe.state).toBe(verdict === 'held' ? 'held' : 'leftover');
  expect(reclaimed(path, { mode: 'shared' })).toBe(verdict);
  expect(snapshotOf(path)).toEqual(before);
  expect(reclaimed(path, {})).toBe(verdict);
  if (verdict === 'held') expect(snapshotOf(path)).toEqual(before);
}

function reclaimed(path: string, options: TryAcquireLockOptions): string | null {
  const lock = tryAcquireLock(path, options);
  lock?.release();
  return lock === null ? 'held' : lock.reclaimed;
}

const byName = (rows: readonly Row[]) =>
  rows.map((row) => [`${row.what} has the verdict ${row.verdict}`, row] as const);

describe('the verdict on the record of an older gateway', () => {
  test.for(byName(RECORD_ONLY))('the record of an older gateway whose owner is %s', async ([, row], ctx) => {
    need(ctx, row.needs?.() ?? null);
    const path = join(freshDirectory(), 'a.lock');
    writeOlderRecord(path, row.fields(await startWorld()));
    setAge(path, row.ageMs ?? 0);
    expectVerdict(path, row.verdict);
  });
});

describe('the verdict on a record of this package whose kernel lock is free', () => {
  test.for(byName(OURS))('the record of a holder whose kernel lock is free and that names %s', async ([, row], ctx) => {
    need(ctx, row.needs?.() ?? null);
    const path = join(freshDirectory(), 'a.lock');
    writeFileSync(path, ourRecord(row.fields(await startWorld())));
    setAge(path, row.ageMs ?? 0);
    expectVerdict(path, row.verdict);
  });
});
