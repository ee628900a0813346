import { describe, expect, test } from 'vitest';
import { reloadOutcome } from '../../src/cli/commands/reload/outcome.js';
import type { OwnerRecord } from '../../src/index.js';
import type { GatewayLockProbe } from '../../src/internal.js';

const BEFORE = { pid: 10, ownerId: 'a' } as unknown as OwnerRecord;

function outcomeOf(owner: object | null, { state = 'held', ownerAlive = true } = {}, before = BEFORE) {
  return reloadOutcome(before, { state, owner, ownerAlive, lockPath: '/a.lock' } as unknown as GatewayLockProbe);
}

describe('the result of a reload', () => {
  test.each([
    ['the record is the same', BEFORE],
    ['the new program starts', { ...BEFORE, upgrade: { pid: 11, phase: 'starting' } }],
    ['the old program drains', { ...BEFORE, upgrade: { pid: 11, phase: 'draining' } }],
    ['the new program is named before it is ready', { pid: 11, upgrade: { pid: 11, phase: 'starting' } }],
    ['no record can be read', null],
  ])('is not known while %s', (_, owner) => {
    expect(outcomeOf(owner)).toEqual({ state: 'waiting' });
  });

  test('is not known while the record names a dead process', () => {
    expect(outcomeOf({ pid: 11, ownerId: 'b' }, { ownerAlive: false })).toEqual({ state: 'waiting' });
  });

  test('is a success if another pid or another acquisition is named', () => {
    for (const owner of [
      { pid: 11, ownerId: 'a' },
      { pid: 10, ownerId: 'b' },
    ]) {
      expect(outcomeOf(owner)).toEqual({ state: 'reloaded', owner });
    }
  });

  test('is a failure if the old program was kept', () => {
    const kept = { ...BEFORE, upgrade: { pid: 11, phase: 'kept', reason: 'exited' } };
    const why = 'the new program (pid 11) ended before it served; pid 10 keeps running';
    expect(outcomeOf(kept)).toEqual({ state: 'failed', why });
  });

  test('is a failure if the new program could not be started, also twice in a row', () => {
    const upgrade = { pid: null, phase: 'kept', reason: 'exited' };
    const first = { ...BEFORE, upgrade: { ...upgrade, since: '2026-01-01T00:00:00.000Z' } } as OwnerRecord;
    const second = { ...BEFORE, upgrade: { ...upgrade, since: '2026-01-01T00:00:01.000Z' } };
    const failed = { state: 'failed', why: 'the new program could not be started; pid 10 keeps running' };
    expect(outcomeOf(first)).toEqual(failed);
    expect(outcomeOf(first, {}, first)).toEqual({ state: 'waiting' });
    expect(outcomeOf(second, {}, first)).toEqual(failed);
  });

  test('ignores the failure of an earlier reload', () => {
    const earlier = { ...BEFORE, upgrade: { pid: 11, phase: 'kept', reason: 'exited' } } as OwnerRecord;
    expect(outcomeOf(earlier, {}, earlier)).toEqual({ state: 'waiting' });
  });

  test('is a failure if the new program of a reload in progress fails', () => {
    const starting = { ...BEFORE, upgrade: { pid: 11, phase: 'starting' } } as OwnerRecord;
    const kept = { ...BEFORE, upgrade: { pid: 11, phase: 'kept', reason: 'exited' } };
    expect(outcomeOf(kept, {}, starting)).toMatchObject({ state: 'failed' });
  });

  test('is a failure if the lock is free', () => {
    expect(outcomeOf(null, { state: 'missing' })).toEqual({
      state: 'failed',
      why: 'pid 10 has ended, and the lock is free',
    });
  });
});
