// Option values of any type: each value is either accepted, or refused with a TypeError or
// RangeError that has a code.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  acquireGatewayLock,
  acquireLock,
  bindExclusive,
  listLocks,
  probeGateway,
  probeHealth,
  probePort,
  resolveGatewayPaths,
  startSupervised,
  tryAcquireLock,
} from '../../src/index.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';

const circular: Record<string, unknown> = {};
circular['self'] = circular;

const HOSTILE: readonly (readonly [string, unknown])[] = [
  ['a BigInt', 5n],
  ['a symbol', Symbol('s')],
  ['a function', () => {}],
  ['a circular object', circular],
  ['an object without prototype', Object.create(null)],
  ['an object that cannot be encoded', { toJSON: () => circular['self'], valueOf: () => 5n }],
  ['an array', [1n]],
  ['NaN', Number.NaN],
  ['null', null],
];

const place = ['app', 'profile', 'stateDir', 'lockDir', 'lockFile', 'env'];
const gateway = [...place, 'port', 'host', 'configPath', 'role', 'timeoutMs', 'bindTimeoutMs', 'whenListening'];
const health = ['path', 'fingerprint256'];

/**
 * Functions of the package, the options to test, and a call that does not wait and then releases
 * everything.
 */
const CALLS: readonly (readonly [string, readonly string[], (options: object) => unknown])[] = [
  [
    'tryAcquireLock',
    ['mode', 'weakFileSystem', 'endpoint'],
    (options) => tryAcquireLock(lockPath(), options)?.release(),
  ],
  ['acquireLock', ['timeoutMs', 'signal'], async (options) => (await acquireLock(lockPath(), options)).release()],
  [
    'acquireGatewayLock',
    [...gateway, 'signal', 'allowMultiple', 'onWait', 'weakFileSystem', 'bind', 'backlog', 'inherited'],
    async (options) => {
      const lock = await acquireGatewayLock({ stateDir: freshDirectory(), port: 0, env: {}, ...options });
      await lock.close();
    },
  ],
  ['resolveGatewayPaths', gateway, (options) => resolveGatewayPaths(options)],
  ['probeGateway', [...place, 'health'], (options) => probeGateway({ stateDir: freshDirectory(), ...options })],
  ['listLocks', [...place, 'health'], (options) => listLocks({ stateDir: freshDirectory(), ...options })],
  ['bindExclusive', ['host', 'port', 'backlog'], (options) => bindExclusive({ port: 0, ...options }).close()],
  ['probePort', ['host', 'port', 'timeoutMs'], async (options) => probePort({ port: await freePort(), ...options })],
  [
    'probeHealth',
    [...health, 'host', 'port', 'timeoutMs'],
    async (options) => probeHealth({ port: await freePort(), ...options }),
  ],
  [
    'startSupervised',
    ['start', 'supervisor', 'health', 'retryDelayMs', 'budgetMs', 'park', 'signal', 'onDecision'],
    (options) => startSupervised({ start: () => 1, supervisor: null, ...options }),
  ],
];

function lockPath(): string {
  return join(freshDirectory(), 'a.lock');
}

describe.each(CALLS)('%s()', (_name, options, call) => {
  test.each(options)('accepts each value of the option %s or refuses it with an error code', async (option) => {
    for (const [what, value] of HOSTILE) {
      const error = await caught(() => call({ [option]: value }));
      if (error === null) continue;
      expect(error, what).toMatchObject({
        name: expect.stringMatching(/^(Type|Range)Error$/),
        code: expect.stringMatching(/^ERR_(INVALID_ARG_(TYPE|VALUE)|OUT_OF_RANGE)$/),
      });
    }
  });
});

test('resolveGatewayPaths() refuses an env that is not an object, because it would silently use the default paths', () => {
  for (const env of [5n, 'HOME', 7, true]) {
    expect(() => resolveGatewayPaths({ env: env as never })).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_ARG_TYPE',
        message: expect.stringContaining('env must be an object'),
      }),
    );
  }
});

async function caught(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return null;
  } catch (error) {
    return error;
  }
}
