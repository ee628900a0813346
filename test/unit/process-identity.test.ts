import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { OwnerRecord } from '../../src/errors.js';
import { isOwnerAlive } from '../../src/lock/process-identity.js';
import { newRecord } from '../support/records.js';

const self = newRecord();
const hourMs = 3_600_000;
const hoursFromNow = (hours: number) => new Date(Date.now() + hours * hourMs).toISOString();
/** The owner record of an older gateway on macOS or Windows, which contains no start time. */
const withoutStartTime: OwnerRecord = { ...self, startTime: null, bootId: null, pidNamespace: null };
/** The pid of a process that has ended: spawnSync() also reaps the process, which frees the pid. */
const deadPid = () => spawnSync(process.execPath, ['-v']).pid;

describe('isOwnerAlive() for a living owner', () => {
  test('returns true if a process has the pid and start time in the record', () => {
    expect(isOwnerAlive(self)).toBe(true);
  });

  test('returns true if the record has no start time and the process started before the record was written', () => {
    expect(isOwnerAlive(withoutStartTime)).toBe(true);
    expect(isOwnerAlive({ ...withoutStartTime, createdAt: hoursFromNow(1) })).toBe(true);
  });
});

describe('isOwnerAlive() for a dead owner', () => {
  test('returns false if no process has the pid in the record', () => {
    const pid = deadPid();
    expect(isOwnerAlive({ ...self, pid })).toBe(false);
    expect(isOwnerAlive({ ...withoutStartTime, pid })).toBe(false);
  });

  test('returns false if the process with the pid in the record started at another time', () => {
    expect(isOwnerAlive({ ...self, startTime: self.startTime! + 1 })).toBe(false);
  });

  test('returns false if this host has booted since the record was written', () => {
    expect(isOwnerAlive({ ...self, bootId: 'another boot' })).toBe(false);
    expect(isOwnerAlive({ ...self, bootId: 'another boot', host: null })).toBe(false);
  });
});

describe('isOwnerAlive() for an owner whose liveness is unknown', () => {
  // The clock may have been set back between the start of the process and the record.
  test('returns null if the record has no start time and the process seems to have started after the record', () => {
    expect(isOwnerAlive({ ...withoutStartTime, createdAt: hoursFromNow(-1000) })).toBeNull();
  });

  test('returns null if the record comes from another host', () => {
    expect(isOwnerAlive({ ...self, bootId: 'another boot', host: 'another host' })).toBeNull();
  });

  test('returns null if the record comes from another pid namespace', (ctx) => {
    if (self.pidNamespace === null) ctx.skip('this system has no pid namespaces');
    expect(isOwnerAlive({ ...self, pidNamespace: '1' })).toBeNull();
    expect(isOwnerAlive({ ...self, pidNamespace: '1', pid: deadPid() })).toBeNull();
  });

  test('returns null if the pid is in use and the record has neither a start time nor a date', () => {
    expect(isOwnerAlive({ ...withoutStartTime, createdAt: null })).toBeNull();
    expect(isOwnerAlive({ ...withoutStartTime, createdAt: 'yesterday' })).toBeNull();
  });
});
