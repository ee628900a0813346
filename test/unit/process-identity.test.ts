import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { OwnerRecord } from '../../src/errors.js';
import { isOwnerAlive } from '../../src/lock/process-identity.js';
import { newRecord } from '../support/records.js';

const self = newRecord();
const hourMs = 3_600_000;
const hoursFromNow = (hours: number) => new Date(Date.now() + hours * hourMs).toISOString();
/** The record of an older gateway on macOS or Windows. */
const withoutStartTime: OwnerRecord = { ...self, startTime: null, bootId: null, pidNamespace: null };
/** spawnSync() reaps the process, so the pid is free. */
const deadPid = () => spawnSync(process.execPath, ['-v']).pid;

describe('isOwnerAlive() returns true', () => {
  test('if a process has the pid and the start time', () => {
    expect(isOwnerAlive(self)).toBe(true);
  });

  test('if the record has no start time and the process started before the record was written', () => {
    expect(isOwnerAlive(withoutStartTime)).toBe(true);
    expect(isOwnerAlive({ ...withoutStartTime, createdAt: hoursFromNow(1) })).toBe(true);
  });
});

describe('isOwnerAlive() returns false', () => {
  test('if no process has the pid', () => {
    const pid = deadPid();
    expect(isOwnerAlive({ ...self, pid })).toBe(false);
    expect(isOwnerAlive({ ...withoutStartTime, pid })).toBe(false);
  });

  test('if the process with the pid started at another time', () => {
    expect(isOwnerAlive({ ...self, startTime: self.startTime! + 1 })).toBe(false);
  });

  test('if this host has booted since', () => {
    expect(isOwnerAlive({ ...self, bootId: 'another boot' })).toBe(false);
    expect(isOwnerAlive({ ...self, bootId: 'another boot', host: null })).toBe(false);
  });
});

describe('isOwnerAlive() returns null', () => {
  test('if the record has no start time and the process looks younger than it: the clock may have been set back', () => {
    expect(isOwnerAlive({ ...withoutStartTime, createdAt: hoursFromNow(-1000) })).toBeNull();
  });

  test('if the record comes from another host', () => {
    expect(isOwnerAlive({ ...self, bootId: 'another boot', host: 'another host' })).toBeNull();
  });

  test('if the record comes from another pid namespace', (ctx) => {
    if (self.pidNamespace === null) ctx.skip('this system has no pid namespaces');
    expect(isOwnerAlive({ ...self, pidNamespace: '1' })).toBeNull();
    expect(isOwnerAlive({ ...self, pidNamespace: '1', pid: deadPid() })).toBeNull();
  });

  test('if the pid is in use and the record has neither a start time nor a date', () => {
    expect(isOwnerAlive({ ...withoutStartTime, createdAt: null })).toBeNull();
    expect(isOwnerAlive({ ...withoutStartTime, createdAt: 'yesterday' })).toBeNull();
  });
});
