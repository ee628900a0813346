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
const endpoint = { host: '127.0.0.1', port: 18789 };
const unknown = { lockPath: null, owner: null, ownerAlive: null };

test('the message for a port in use is frozen', () => {
  expect(portInUseError(endpoint, unknown).message).toMatchInlineSnapshot(
    `"another gateway instance is already listening on ws://127.0.0.1:18789"`,
  );
  expect(portInUseError({ host: '::1', port: 1 }, unknown).message).toMatchInlineSnapshot(
    `"another gateway instance is already listening on ws://[::1]:1"`,
  );
});

test('the message for a failed bind is frozen', () => {
  const cause = Object.assign(new Error('bind EACCES: permission denied 127.0.0.1:80'), { code: 'EACCES' });
  expect(bindFailedError(endpoint, cause).message).toMatchInlineSnapshot(
    `"failed to bind gateway socket on ws://127.0.0.1:18789: bind EACCES: permission denied 127.0.0.1:80"`,
  );
});

test('the message for a held lock is frozen', () => {
  expect(lockedError(endpoint, 5000, { lockPath: '/l', owner, ownerAlive: true }).message).toMatchInlineSnapshot(
    `"gateway already running (pid 4242); lock timeout after 5000ms"`,
  );
  expect(lockedError(endpoint, 5000, unknown).message).toMatchInlineSnapshot(
    `"gateway already running (pid unknown); lock timeout after 5000ms"`,
  );
});

test('durations in messages are rounded to whole milliseconds', () => {
  const error = lockedError(endpoint, 3544.6309650000003, unknown);
  expect(error.message).toBe('gateway already running (pid unknown); lock timeout after 3545ms');
  expect(gaveUpError(error, 29_999.7, null).message).toMatch(/did not become healthy after 30000ms$/);
});

test('the error for a port in use without a listener reports a failed bind, not another gateway', () => {
  const cause = Object.assign(new Error('bind EADDRINUSE: address already in use'), { code: 'EADDRINUSE' });
  const named = portTakenError(endpoint, 77, cause);
  expect(named).toMatchObject({ code: 'ERR_GATEWAY_BIND_FAILED', cause });
  expect(named.message).toBe(`failed to bind gateway socket on ws://127.0.0.1:18789: ${cause.message}`);
  expect(named.hint).toMatch(
    /a connection of pid 77 uses it\. Stop that process \((kill 77|taskkill.*)\), or use another port/,
  );
  expect(portTakenError(endpoint, null, cause).hint).toMatch(/See which: .*18789/);
  expect(portTakenError(endpoint, process.pid, cause).hint).toContain(`this process (pid ${process.pid})`);
});

test('ERR_NATIVE_MISSING is not wrapped in ERR_GATEWAY_LOCK_FAILED', () => {
  const missing = new LockError('ERR_NATIVE_MISSING', 'no addon');
  expect(lockFailedError(endpoint, '/l', missing)).toBe(missing);
});

test('the reason of a failed health check is printed on one line', () => {
  const refusal = portInUseError(endpoint, unknown);
  expect(gaveUpError(refusal, 1, 'a\u202e\nb').hint).toMatch(/^The last health check failed: a b\. /);
});

test('the message never presents a dead process as a running gateway', () => {
  const error = lockedError(endpoint, 1, { lockPath: '/l', owner, ownerAlive: false });
  expect(error.message).toBe('gateway already running (pid unknown); lock timeout after 1ms');
});

test('the message for an unusable lock file is frozen', () => {
  expect(lockFailedError(endpoint, '/l', new Error('no space left')).message).toMatchInlineSnapshot(
    `"failed to acquire gateway lock at /l: no space left"`,
  );
});

test('a GatewayLockError has the fields code, lockPath, host, port, owner, ownerAlive, exitCode and cause', () => {
  const cause = new Error('below');
  const error = lockedError(endpoint, 1, { lockPath: '/l', owner, ownerAlive: true, cause });
  expect(error).toBeInstanceOf(GatewayLockError);
  expect(error).toBeInstanceOf(LockError);
  expect(error).toMatchObject({ name: 'GatewayLockError', code: 'ERR_GATEWAY_LOCKED', lockPath: '/l', ...endpoint });
  expect(error).toMatchObject({ owner, ownerAlive: true, exitCode: 1, cause });
});

test('the hint names the holder and a command that stops it', () => {
  const held = portInUseError(endpoint, { lockPath: '/l', owner, ownerAlive: true });
  expect(held.hint).toContain("pid 4242 holds '/l' since 2026-11-22T10:00:00.000Z");
  expect(held.hint).toMatch(/kill 4242|taskkill/);
  const stranger = portInUseError(endpoint, { ...unknown, listenerPid: 77 });
  expect(stranger.hint).toMatch(/^pid 77 listens on that port\. Stop it \((kill 77|taskkill.*)\), or/);
  expect(portInUseError(endpoint, unknown).hint).toMatch(/sport = :18789|-iTCP:18789|netstat/);
  const unnamed = lockedError(endpoint, 300, { ...unknown, lockPath: "/it's here" });
  expect(unnamed.hint).toMatch(/(fuser -v|lsof) '\/it'\\''s here'\.|resmon\.exe/);
});

test('the hint never suggests to kill a dead process, a process of another host, or this process', () => {
  const dead = portInUseError(endpoint, { lockPath: '/l', owner, ownerAlive: false, listenerPid: 77 });
  expect(dead.hint).toContain('pid 77');
  expect(dead.hint).not.toContain('4242');
  const elsewhere = lockedError(endpoint, 1, { lockPath: '/l', owner, ownerAlive: null });
  expect(elsewhere.hint).toContain('pid 4242 of another container or host (here)');
  const self = lockedError(endpoint, 1, { lockPath: '/l', owner: { ...owner, pid: process.pid }, ownerAlive: true });
  expect(self.hint).toContain(`This process (pid ${process.pid}) already holds '/l' since`);
  for (const { hint } of [elsewhere, self]) expect(hint).not.toMatch(/kill|taskkill/);
});
