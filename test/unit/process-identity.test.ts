import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { OwnerRecord } from '../../src/errors.js';
import { isOwnerAlive } from '../../src/lock/process-identity.js';
import { newRecord } from '../support/records.js';

const self = newRecord();
const hourMs = 3_600_000;
const hoursFromNow = (hours: number) => new Date(Date.now() + hours * hourMs).toISOString();
/** As an older gateway on macOS or Windows wrote it. */
const withoutStartTime: OwnerRecord = { ...self, startTime: null, bootId: null, pidNamespace: null };
/** spawnSync() reaps: nobody has this pid. */
const deadPid = () => spawnSync(process.execPath, ['-v']).pid;

describe('the owner is alive', () => {
  test('when its pid and its start time are those of a process', () => {
    expect(isOwnerAlive(self)).toBe(true);
  });

  test('when there is no start time, and the process began before the record was written', () => {
    expect(isOwnerAlive(withoutStartTime)).toBe(true);
    expect(isOwnerAlive({ ...withoutStartTime, createdAt: hoursFromNow(1) })).toBe(true);
  });
});

describe('the owner is gone', () => {
  test('when nobody has its pid', () => {
    const pid = deadPid();
    expect(isOwnerAlive({ ...self, pid })).toBe(false);
    expect(isOwnerAlive({ ...withoutStartTime, pid })).toBe(false);
  });

  test('when its pid belongs to a process that started at another time', () => {
    expect(isOwnerAlive({ ...self, startTime: self.startTime! + 1 })).toBe(false);
  });

  test('when this host was booted since', () => {
    expect(isOwnerAlive({ ...self, bootId: 'another boot' })).toBe(false);
    expect(isOwnerAlive({ ...self, bootId: 'another boot', host: null })).toBe(false);
  });
});

describe('nobody can tell', () => {
  test('when there is no start time, and the process seems younger than the record: the clock may have been set back', () => {
    expect(isOwnerAlive({ ...withoutStartTime, createdAt: hoursFromNow(-1000) })).toBeNull();
  });

  test('when the record comes from another host', () => {
    expect(isOwnerAlive({ ...self, bootId: 'another boot', host: 'another host' })).toBeNull();
  });

  test('when the pid means another process in another pid namespace', (ctx) => {
    if (self.pidNamespace === null) ctx.skip('this system has no pid namespaces');
    expect(isOwnerAlive({ ...self, pidNamespace: '1' })).toBeNull();
    expect(isOwnerAlive({ ...self, pidNamespace: '1', pid: deadPid() })).toBeNull();
  });

  test('when the pid is in use, and the record says neither when its process began nor when it was written', () => {
    expect(isOwnerAlive({ ...withoutStartTime, createdAt: null })).toBeNull();
    expect(isOwnerAlive({ ...withoutStartTime, createdAt: 'yesterday' })).toBeNull();
  });
});
