import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as errors from '../../src/errors.js';
import { freshDirectory } from '../support/places.js';

const { LockError, GatewayLockError } = errors;
const BUILT = fileURLToPath(new URL('../../dist/index.js', import.meta.url));

const lockError = () => new LockError('ERR_LOCK_TIMEOUT', 'held');
const gatewayError = () =>
  new GatewayLockError('ERR_GATEWAY_LOCKED', 'running', { host: '::1', port: 1, hint: 'stop it', path: '/l' });

/** As npm installs it when two packages depend on this one. */
async function secondCopy(): Promise<typeof errors> {
  const copy = join(freshDirectory(), 'index.mjs');
  writeFileSync(copy, readFileSync(BUILT, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, ''));
  return import(/* @vite-ignore */ pathToFileURL(copy).href);
}

describe('the name', () => {
  test('is the class, in the stack too', () => {
    expect(String(lockError())).toBe('LockError: held');
    expect(String(gatewayError())).toBe('GatewayLockError: running');
    expect(lockError().stack).toMatch(/^LockError: held\n/);
    expect(gatewayError().stack).toMatch(/^GatewayLockError: running\n/);
  });

  test('is not listed as a property of the error', () => {
    expect(Object.keys(lockError())).not.toContain('name');
    expect(Object.keys(gatewayError())).not.toContain('name');
  });
});

describe('instanceof', () => {
  test('tells the two classes apart: a GatewayLockError is a LockError, and not the other way round', () => {
    expect(gatewayError() instanceof LockError).toBe(true);
    expect(lockError() instanceof GatewayLockError).toBe(false);
    for (const error of [lockError(), gatewayError()]) expect(error instanceof Error).toBe(true);
  });

  test('holds across a second installed copy, in both directions', async () => {
    const other = await secondCopy();
    expect(other.LockError).not.toBe(LockError);
    const theirs = new other.GatewayLockError('ERR_GATEWAY_LOCKED', 'running', { host: 'h', port: 1, hint: '' });
    expect(theirs instanceof LockError && theirs instanceof GatewayLockError).toBe(true);
    expect(new other.LockError('ERR_LOCK_TIMEOUT', 'held') instanceof LockError).toBe(true);
    expect(new other.LockError('ERR_LOCK_TIMEOUT', 'held') instanceof GatewayLockError).toBe(false);
    expect(gatewayError() instanceof other.LockError && gatewayError() instanceof other.GatewayLockError).toBe(true);
  });

  test('is false for what only looks like one', () => {
    const lookalike = { name: 'LockError', code: 'ERR_LOCK_TIMEOUT', message: 'held' };
    for (const value of [lookalike, new Error('held'), null, undefined, 'LockError', 5, () => {}]) {
      expect(value instanceof LockError).toBe(false);
      expect(value instanceof GatewayLockError).toBe(false);
    }
  });

  test('of a class that extends one of these holds for its own errors only', () => {
    class OwnError extends LockError {}
    class OwnGatewayError extends GatewayLockError {}
    expect(new OwnError('ERR_LOCK_TIMEOUT', 'held') instanceof OwnError).toBe(true);
    expect(lockError() instanceof OwnError).toBe(false);
    expect(gatewayError() instanceof OwnGatewayError).toBe(false);
  });
});

describe('the details', () => {
  test('are null where nothing is known, and there is no cause', () => {
    expect(lockError()).toMatchObject({ code: 'ERR_LOCK_TIMEOUT', path: null, owner: null, ownerAlive: null });
    expect('cause' in lockError()).toBe(false);
  });

  test('carry the lower error as the cause, and as little else as was given', () => {
    const cause = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    const error = new LockError('ERR_LOCK_PERMISSION', 'no', { path: '/l', ownerAlive: false, cause });
    expect(error.cause).toBe(cause);
    expect(error).toMatchObject({ code: 'ERR_LOCK_PERMISSION', path: '/l', owner: null, ownerAlive: false });
    expect(Object.keys(error)).not.toContain('cause');
  });

  test('of a gateway are host, port, hint, lock path and exit code', () => {
    const place = { host: '::1', port: 1, hint: 'stop it', lockPath: '/l', path: '/l', exitCode: 1 };
    expect(gatewayError()).toMatchObject({ code: 'ERR_GATEWAY_LOCKED', ...place });
  });
});
