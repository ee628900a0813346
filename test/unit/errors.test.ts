import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as errors from '../../src/errors.js';
import { freshDirectory } from '../support/directories.js';

const { LockError, GatewayLockError } = errors;
const BUILT = fileURLToPath(new URL('../../dist/index.js', import.meta.url));

const lockError = () => new LockError('ERR_LOCK_TIMEOUT', 'held');
const gatewayError = () =>
  new GatewayLockError('ERR_GATEWAY_LOCKED', 'running', { host: '::1', port: 1, hint: 'stop it', path: '/l' });

/** Loads a second copy of the package, as npm may install it for two dependents. */
async function secondCopy(): Promise<typeof errors> {
  const copy = join(freshDirectory(), 'index.mjs');
  writeFileSync(copy, readFileSync(BUILT, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, ''));
  return import(/* @vite-ignore */ pathToFileURL(copy).href);
}

describe('the property name of an error', () => {
  test('error.name is the name of the class, also in the stack', () => {
    expect(String(lockError())).toBe('LockError: held');
    expect(String(gatewayError())).toBe('GatewayLockError: running');
    expect(lockError().stack).toMatch(/^LockError: held\n/);
    expect(gatewayError().stack).toMatch(/^GatewayLockError: running\n/);
  });

  test('error.name is not enumerable', () => {
    expect(Object.keys(lockError())).not.toContain('name');
    expect(Object.keys(gatewayError())).not.toContain('name');
  });
});

describe('instanceof', () => {
  test('a GatewayLockError is an instance of LockError, and a LockError is not an instance of GatewayLockError', () => {
    expect(gatewayError() instanceof LockError).toBe(true);
    expect(lockError() instanceof GatewayLockError).toBe(false);
    for (const error of [lockError(), gatewayError()]) expect(error instanceof Error).toBe(true);
  });

  test('instanceof is true between two installed copies of the package, in both directions', async () => {
    const other = await secondCopy();
    expect(other.LockError).not.toBe(LockError);
    const theirs = new other.GatewayLockError('ERR_GATEWAY_LOCKED', 'running', { host: 'h', port: 1, hint: '' });
    expect(theirs instanceof LockError && theirs instanceof GatewayLockError).toBe(true);
    expect(new other.LockError('ERR_LOCK_TIMEOUT', 'held') instanceof LockError).toBe(true);
    expect(new other.LockError('ERR_LOCK_TIMEOUT', 'held') instanceof GatewayLockError).toBe(false);
    expect(gatewayError() instanceof other.LockError && gatewayError() instanceof other.GatewayLockError).toBe(true);
  });

  test('instanceof is false for a value that only has the properties of an error', () => {
    const lookalike = { name: 'LockError', code: 'ERR_LOCK_TIMEOUT', message: 'held' };
    for (const value of [lookalike, new Error('held'), null, undefined, 'LockError', 5, () => {}]) {
      expect(value instanceof LockError).toBe(false);
      expect(value instanceof GatewayLockError).toBe(false);
    }
  });

  test('instanceof with a subclass of LockError is true only for the errors of that subclass', () => {
    class OwnError extends LockError {}
    class OwnGatewayError extends GatewayLockError {}
    expect(new OwnError('ERR_LOCK_TIMEOUT', 'held') instanceof OwnError).toBe(true);
    expect(lockError() instanceof OwnError).toBe(false);
    expect(gatewayError() instanceof OwnGatewayError).toBe(false);
  });
});

describe('the details of an error', () => {
  test('details that are not given are null, and an error without a lower error has no cause', () => {
    expect(lockError()).toMatchObject({ code: 'ERR_LOCK_TIMEOUT', path: null, owner: null, ownerAlive: null });
    expect('cause' in lockError()).toBe(false);
  });

  test('an error has the lower error as its cause, and the given details as properties', () => {
    const cause = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    const error = new LockError('ERR_LOCK_PERMISSION', 'no', { path: '/l', ownerAlive: false, cause });
    expect(error.cause).toBe(cause);
    expect(error).toMatchObject({ code: 'ERR_LOCK_PERMISSION', path: '/l', owner: null, ownerAlive: false });
    expect(Object.keys(error)).not.toContain('cause');
  });

  test('a GatewayLockError has the details host, port, hint, lock path and exit code', () => {
    const place = { host: '::1', port: 1, hint: 'stop it', lockPath: '/l', path: '/l', exitCode: 1 };
    expect(gatewayError()).toMatchObject({ code: 'ERR_GATEWAY_LOCKED', ...place });
  });
});
