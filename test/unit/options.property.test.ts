import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkCloseOptions } from '../../src/bind/close-server.js';
import { readGatewayOptions } from '../../src/gateway/gateway-options.js';
import { readSupervisedOptions } from '../../src/gateway/supervised-options.js';
import { readUpgradeOptions } from '../../src/gateway/upgrade/upgrade-options.js';
import type { GatewayLockOptions } from '../../src/index.js';
import { readRequest, TRY_OPTIONS, type TryAcquireLockOptions } from '../../src/lock/lock-options.js';
import { checkHealthOptions } from '../../src/probe/probe-health.js';
import { freshDirectory } from '../support/directories.js';

const circle: Record<string, unknown> = {};
circle['self'] = circle;
/** Any value, also those that fast-check does not make, and values that are nearly right. */
const anyValue = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withTypedArray: true }),
  fc.constantFrom<unknown>(
    Symbol('s'),
    () => {},
    class {},
    circle,
    new AbortController().signal,
    new Proxy({}, {}),
    Object(1),
  ),
  fc.constantFrom<unknown>(
    'exclusive',
    'shared',
    'owner',
    'wait',
    'error',
    true,
    false,
    0,
    65_535,
    65_536,
    -1,
    Number.NaN,
    Infinity,
    null,
    '',
  ),
  fc.constantFrom<unknown>(
    { host: '127.0.0.1', port: 1 },
    { host: null },
    { engine: null },
    { acquire: 1 },
    ['a'],
    '127.0.0.1',
    '::1',
    '::%',
  ),
);

/** Expects success, or an error with a code that names the option. */
function expectNamed(name: string, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    expect(`${code}: ${message}`).toMatch(
      new RegExp(`^ERR_(INVALID_ARG_TYPE|INVALID_ARG_VALUE|OUT_OF_RANGE): .*\\b${name}\\b`, 's'),
    );
    expect(error).toSatisfy((thrown) => thrown instanceof TypeError || thrown instanceof RangeError);
  }
}

const LOCK_OPTIONS = ['mode', 'owner', 'keepFile', 'record', 'access', 'weakFileSystem', 'endpoint'] as const;
const GATEWAY_OPTIONS = [
  ...([
    'app',
    'host',
    'port',
    'lockFile',
    'stateDir',
    'configPath',
    'lockDir',
    'profile',
    'role',
    'allowMultiple',
  ] as const),
  ...([
    'timeoutMs',
    'bindTimeoutMs',
    'whenListening',
    'signal',
    'onWait',
    'weakFileSystem',
    'bind',
    'cluster',
    'env',
  ] as const),
];
const HEALTH_OPTIONS = ['path', 'timeoutMs', 'fingerprint256'] as const;
const UPGRADE_OPTIONS = ['command', 'cwd', 'stdio', 'readyTimeoutMs', 'graceMs', 'drain', 'signal'] as const;
const SUPERVISED_OPTIONS = [
  ...(['start', 'supervisor', 'health', 'retryDelayMs', 'budgetMs', 'park', 'signal', 'onDecision'] as const),
];

/** The word of the message where it is not the name of the option. */
const NAMES: Readonly<Record<string, string>> = { endpoint: '(endpoint|host|port)' };

describe('any value of an option succeeds, or fails with an error that has a code and names the option', () => {
  test.each(LOCK_OPTIONS)('%s of acquireLock()', (name) => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const options = { [name]: value } as TryAcquireLockOptions;
        expectNamed(NAMES[name] ?? name, () => readRequest('/nowhere/a.lock', options, TRY_OPTIONS));
      }),
    );
  });

  test('the path of acquireLock()', () => {
    fc.assert(
      fc.property(anyValue, (value) => expectNamed('path', () => readRequest(value as string, {}, TRY_OPTIONS))),
    );
  });

  test.each(GATEWAY_OPTIONS)('%s of acquireGatewayLock()', (name) => {
    const stateDir = freshDirectory();
    fc.assert(
      fc.property(anyValue, (value) => {
        const options = { stateDir, env: {}, [name]: value } as GatewayLockOptions;
        expectNamed(name, () => readGatewayOptions(options));
      }),
    );
  });

  test.each(HEALTH_OPTIONS)('%s of a health check', (name) => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expectNamed(name, () => checkHealthOptions({ [name]: value } as Parameters<typeof checkHealthOptions>[0]));
      }),
    );
  });

  test.each(['drain', 'graceMs'])('%s of close()', (name) => {
    fc.assert(fc.property(anyValue, (value) => expectNamed(name, () => checkCloseOptions({ [name]: value }))));
  });

  test.each(UPGRADE_OPTIONS)('%s of upgrade()', (name) => {
    fc.assert(fc.property(anyValue, (value) => expectNamed(name, () => readUpgradeOptions({ [name]: value }))));
  });

  test.each(SUPERVISED_OPTIONS)('%s of startSupervised()', (name) => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const options = { start: async () => {}, [name]: value };
        expectNamed(name === 'health' ? '(health|path|timeoutMs|fingerprint256)' : name, () =>
          readSupervisedOptions(options as Parameters<typeof readSupervisedOptions>[0]),
        );
      }),
    );
  });

  test('the options object itself', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.integer(),
          fc.bigInt(),
          fc.constantFrom(null, Symbol('s'), () => {}),
        ),
        (value) => {
          expectNamed('options', () =>
            readRequest('/nowhere/a.lock', value as unknown as TryAcquireLockOptions, TRY_OPTIONS),
          );
          expectNamed('options', () => readGatewayOptions(value as unknown as GatewayLockOptions));
        },
      ),
    );
  });
});

test('no options, whatever their keys, change a prototype', () => {
  // As JSON.parse() makes them: with own properties that are called __proto__.
  const key = fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'owner', 'env', 'mode');
  const hostile = fc
    .dictionary(key, fc.oneof(fc.constant({ polluted: true }), fc.jsonValue({ maxDepth: 1 })))
    .map((fields) => JSON.parse(JSON.stringify({ ...fields, owner: { ...fields } })));
  const own = (value: object) => Object.getOwnPropertyNames(value);
  const before = [own(Object.prototype), own(Function.prototype), own(Array.prototype)];
  fc.assert(
    fc.property(hostile, (options) => {
      for (const read of [
        () => readRequest('/nowhere/a.lock', options, TRY_OPTIONS),
        () => readGatewayOptions({ stateDir: '/nowhere', ...options }),
        () => readUpgradeOptions(options),
        () => checkHealthOptions(options),
      ]) {
        try {
          read();
        } catch (error) {
          expect((error as NodeJS.ErrnoException).code).toMatch(/^ERR_/);
        }
      }
      expect([own(Object.prototype), own(Function.prototype), own(Array.prototype)]).toEqual(before);
      expect(({} as { polluted?: true }).polluted).toBeUndefined();
    }),
  );
});
