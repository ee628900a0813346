import { describe, expect, test } from 'vitest';
import { Lease, type LeaseEnd, leaseTimes } from '../../src/cluster/lease.js';

function leaseAt(startMs: number) {
  let nowMs = startMs;
  const ends: LeaseEnd[] = [];
  const lease = new Lease(leaseTimes(10_000), () => nowMs);
  lease.onEnd = (end) => ends.push(end);
  return { lease, ends, at: (ms: number) => (nowMs = ms) };
}

test.each([
  [5000, 500, 1000],
  [6000, 600, 1200],
  [15_000, 1500, 3000],
])('a lease of %i ms has a margin of %i ms and is renewed every %i ms', (ttlMs, marginMs, renewMs) => {
  expect(leaseTimes(ttlMs)).toEqual({ ttlMs, marginMs, renewMs, callMs: renewMs });
});

describe('a lease', () => {
  test('a lease counts as not held before the server grants the lease', () => {
    expect(leaseAt(1000).lease).toMatchObject({ held: false, remainingMs: 0, ended: null });
  });

  test('a lease counts as held until its duration minus the margin has passed since the request was sent', () => {
    const { lease, ends, at } = leaseAt(1000);
    at(3000);
    expect(lease.extend(1000, 10_000)).toBe(true);
    expect(lease).toMatchObject({ held: true, remainingMs: 7000 });
    at(9999.9);
    expect(lease.held).toBe(true);
    at(10_000);
    expect(lease).toMatchObject({ held: false, remainingMs: 0, ended: 'expired' });
    expect(ends).toEqual(['expired']);
  });

  test('a lease uses the duration that the server grants, and never moves its deadline to an earlier time', () => {
    const { lease } = leaseAt(0);
    lease.extend(0, 20_000);
    expect(lease.remainingMs).toBe(19_000);
    lease.extend(0, 10_000);
    expect(lease.remainingMs).toBe(19_000);
  });

  test('a lease stays ended even if a late response reports that the lease was extended', () => {
    const { lease, ends, at } = leaseAt(0);
    lease.extend(0, 10_000);
    at(9500);
    expect(lease.extend(9400, 10_000)).toBe(false);
    expect(lease.extend(9500, 10_000)).toBe(false);
    expect(lease).toMatchObject({ held: false, ended: 'expired' });
    expect(ends).toEqual(['expired']);
  });

  test('a lease expires at once if the first response of the server comes too late', () => {
    const { lease, at } = leaseAt(0);
    at(9000);
    expect(lease.extend(0, 10_000)).toBe(false);
    expect(lease.ended).toBe('expired');
  });

  test.each(['released', 'revoked'] as const)(
    'a lease ends only once when it is %s, with that word as the reason',
    (end) => {
      const { lease, ends, at } = leaseAt(0);
      lease.extend(0, 10_000);
      lease.end(end);
      lease.end('revoked');
      at(20_000);
      expect(lease).toMatchObject({ held: false, ended: end });
      expect(ends).toEqual([end]);
    },
  );
});
