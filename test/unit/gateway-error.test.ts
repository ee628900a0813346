import { expect, test } from 'vitest';
import { GatewayLockError, LockError, type OwnerRecord } from '../../src/errors.js';
import {
  bindFailedError,
  gaveUpError,
  lockedError,
  lockFailedError,
  portInUseError,
  portTakenError,
} from '../../src/gateway/gateway-error.js';

const owner: OwnerRecord = {
  pid: 4242,
  startTime: 1,
  bootId: null,
  pidNamespace: null,
  host: 'here',
  createdAt: '2026-11-22T10:00:00.000Z',
  ownerId: null,
  kernelLock: true,
  port: 18789,
};
const place = { host: '127.0.0.1', port: 18789 };
const nobody = { lockPath: null, owner: null, ownerAlive: null };

test('the frozen text of a port that is taken', () => {
  expect(portInUseError(place, nobody).message).toMatchInlineSnapshot(
    `"another gateway instance is already listening on ws://127.0.0.1:18789"`,
  );
  expect(portInUseError({ host: '::1', port: 1 }, nobody).message).toMatchInlineSnapshot(
    `"another gateway instance is already listening on ws://[::1]:1"`,
  );
});

test('the frozen text of a bind that failed', () => {
  const cause = Object.assign(new Error('bind EACCES: permission denied 127.0.0.1:80'), { code: 'EACCES' });
  expect(bindFailedError(place, cause).message).toMatchInlineSnapshot(
    `"failed to bind gateway socket on ws://127.0.0.1:18789: bind EACCES: permission denied 127.0.0.1:80"`,
  );
});

test('the frozen text of a lock that stayed held', () => {
  expect(lockedError(place, 5000, { lockPath: '/l', owner, ownerAlive: true }).message).toMatchInlineSnapshot(
    `"gateway already running (pid 4242); lock timeout after 5000ms"`,
  );
  expect(lockedError(place, 5000, nobody).message).toMatchInlineSnapshot(
    `"gateway already running (pid unknown); lock timeout after 5000ms"`,
  );
});

test('a duration that a deadline left has no decimals', () => {
  const error = lockedError(place, 3544.6309650000003, nobody);
  expect(error.message).toBe('gateway already running (pid unknown); lock timeout after 3545ms');
  expect(gaveUpError(error, 29_999.7, null).message).toMatch(/did not become healthy after 30000ms$/);
});

test('a port that is in use without a listener is no other gateway', () => {
  const cause = Object.assign(new Error('bind EADDRINUSE: address already in use'), { code: 'EADDRINUSE' });
  const named = portTakenError(place, 77, cause);
  expect(named).toMatchObject({ code: 'ERR_GATEWAY_BIND_FAILED', cause });
  expect(named.message).toBe(`failed to bind gateway socket on ws://127.0.0.1:18789: ${cause.message}`);
  expect(named.hint).toMatch(
    /a connection of pid 77 uses that port\. Stop it \((kill 77|taskkill.*)\), or use another port/,
  );
  expect(portTakenError(place, null, cause).hint).toMatch(/See which: .*18789/);
  expect(portTakenError(place, process.pid, cause).hint).toContain(`this process (pid ${process.pid})`);
});

test('an addon that is missing is not called a lock file that cannot be used', () => {
  const missing = new LockError('ERR_NATIVE_MISSING', 'no addon');
  expect(lockFailedError(place, '/l', missing)).toBe(missing);
});

test('what a health check says is printed on one line', () => {
  const refusal = portInUseError(place, nobody);
  expect(gaveUpError(refusal, 1, 'a\u202e\nb').hint).toMatch(/^Its last health check failed: a b\. /);
});

test('a pid that is dead is not called a running gateway', () => {
  const error = lockedError(place, 1, { lockPath: '/l', owner, ownerAlive: false });
  expect(error.message).toBe('gateway already running (pid unknown); lock timeout after 1ms');
});

test('the frozen text of a lock file that cannot be used', () => {
  expect(lockFailedError(place, '/l', new Error('no space left')).message).toMatchInlineSnapshot(
    `"failed to acquire gateway lock at /l: no space left"`,
  );
});

test('every field is there: lockPath, host, port, owner, ownerAlive, exitCode, cause, hint', () => {
  const cause = new Error('below');
  const error = lockedError(place, 1, { lockPath: '/l', owner, ownerAlive: true, cause });
  expect(error).toBeInstanceOf(GatewayLockError);
  expect(error).toBeInstanceOf(LockError);
  expect(error).toMatchObject({ name: 'GatewayLockError', code: 'ERR_GATEWAY_LOCKED', lockPath: '/l', ...place });
  expect(error).toMatchObject({ owner, ownerAlive: true, exitCode: 1, cause });
});

test('the hint names the holder and what to type', () => {
  const held = portInUseError(place, { lockPath: '/l', owner, ownerAlive: true });
  expect(held.hint).toContain("pid 4242 holds '/l' since 2026-11-22T10:00:00.000Z");
  expect(held.hint).toMatch(/kill 4242|taskkill/);
  const stranger = portInUseError(place, { ...nobody, listenerPid: 77 });
  expect(stranger.hint).toMatch(/^pid 77 listens there \((kill 77|taskkill.*)\)/);
  expect(portInUseError(place, nobody).hint).toMatch(/sport = :18789|-iTCP:18789|netstat/);
  const unknown = lockedError(place, 300, { ...nobody, lockPath: "/it's here" });
  expect(unknown.hint).toMatch(/(fuser -v|lsof) '\/it'\\''s here'\.|resmon\.exe/);
});

test('no hint tells to kill what is dead, elsewhere, or oneself', () => {
  const dead = portInUseError(place, { lockPath: '/l', owner, ownerAlive: false, listenerPid: 77 });
  expect(dead.hint).toContain('pid 77');
  expect(dead.hint).not.toContain('4242');
  const elsewhere = lockedError(place, 1, { lockPath: '/l', owner, ownerAlive: null });
  expect(elsewhere.hint).toContain('pid 4242 of another container or host (here)');
  const self = lockedError(place, 1, { lockPath: '/l', owner: { ...owner, pid: process.pid }, ownerAlive: true });
  expect(self.hint).toContain(`This process (pid ${process.pid}) already holds '/l' since`);
  for (const { hint } of [elsewhere, self]) expect(hint).not.toMatch(/kill|taskkill/);
});
