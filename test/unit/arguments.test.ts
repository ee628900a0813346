import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkOneOf, checkOptions, checkPath, checkPort, checkSignal, checkTimeout } from '../../src/arguments.js';

const typeMistake = (message: string) =>
  expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', message });
const valueMistake = (message: string) =>
  expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE', message });
const rangeMistake = (message: string) =>
  expect.objectContaining({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE', message });

describe('checkOptions()', () => {
  const known = { stateDir: true, timeoutMs: true, port: true } as const;

  test('accepts an object with known options, even if they are undefined', () => {
    expect(() => checkOptions({}, known)).not.toThrow();
    expect(() => checkOptions({ timeoutMs: 1, port: undefined }, known)).not.toThrow();
  });

  test.each([
    ['timeoutMS', "did you mean 'timeoutMs'?"],
    ['timeout', "did you mean 'timeoutMs'?"],
    ['state', "did you mean 'stateDir'?"],
    ['Port', "did you mean 'port'?"],
    ['prot', "did you mean 'port'?"],
    ['colour', "the options are 'stateDir', 'timeoutMs', 'port'"],
    ['constructor', "the options are 'stateDir', 'timeoutMs', 'port'"],
  ])('refuses the unknown option %s', (option, advice) => {
    const mistake = valueMistake(`unknown option '${option}': ${advice}`);
    expect(() => checkOptions({ port: 1, [option]: undefined }, known)).toThrow(mistake);
  });

  test('names the option that contains an unknown option', () => {
    const mistake = valueMistake("unknown option 'health.timeoutMS': did you mean 'health.timeoutMs'?");
    expect(() => checkOptions({ timeoutMS: 1 }, known, 'health')).toThrow(mistake);
  });

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [18789, 'number'],
    ['port', 'string'],
    [() => {}, 'function'],
  ])('refuses %s', (value, named) => {
    expect(() => checkOptions(value, {})).toThrow(typeMistake(`options must be an object, not ${named}`));
  });
});

describe('checkPath()', () => {
  test.each(['/a/b.lock', 'b.lock', ' ', '/ä/\u{1f512}'])('accepts the path %j', (path) => {
    expect(checkPath('path', path)).toBe(path);
  });

  test.each(['', 'a\0b'])('refuses the path %j', (path) => {
    expect(() => checkPath('path', path)).toThrow(valueMistake(`path must be a path, not ${JSON.stringify(path)}`));
  });

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [1, 'number'],
    [{ href: 'file:///a' }, 'object'],
  ])('refuses %s, because a path is a string, a Buffer or a URL', (path, named) => {
    const mistake = typeMistake(`lockDir must be a string, a Buffer or a file: URL, not ${named}`);
    expect(() => checkPath('lockDir', path as never)).toThrow(mistake);
  });

  test('returns the path of a file: URL', () => {
    const path = resolve('a b/ä.lock');
    expect(checkPath('path', pathToFileURL(path))).toBe(path);
  });

  test('refuses another URL', () => {
    const mistake = valueMistake('path must be a file: URL, not "https://host/a.lock"');
    expect(() => checkPath('path', new URL('https://host/a.lock'))).toThrow(mistake);
  });

  test('returns the path in a Buffer', () => {
    expect(checkPath('path', Buffer.from('ä.lock'))).toBe('ä.lock');
  });

  test('refuses a Buffer that is not UTF-8', () => {
    const mistake = valueMistake('path must be a path in UTF-8, not "a\ufffd"');
    expect(() => checkPath('path', Buffer.from([97, 0xe9]))).toThrow(mistake);
  });
});

describe('checkPort()', () => {
  test.each([0, 1, 18789, 65535])('accepts port %d', (port) => {
    expect(checkPort('port', port)).toBe(port);
  });

  test.each([-1, 65536, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses port %d', (port) => {
    expect(() => checkPort('port', port)).toThrow(rangeMistake(`port must be an integer from 0 to 65535, not ${port}`));
  });

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['18789', 'string'],
    [18789n, 'bigint'],
  ])('refuses %s, because a port is a number', (port, named) => {
    expect(() => checkPort('port', port)).toThrow(typeMistake(`port must be a number, not ${named}`));
  });
});

describe('checkTimeout()', () => {
  test.each([0, 0.5, 5000, Number.MAX_VALUE, Number.POSITIVE_INFINITY])('accepts a timeout of %d ms', (timeout) => {
    expect(checkTimeout('timeoutMs', timeout)).toBe(timeout);
  });

  test.each([-1, -0.001, Number.NaN, Number.NEGATIVE_INFINITY])('refuses a timeout of %d ms', (timeout) => {
    const message = `graceMs must be 0 or more milliseconds, not ${timeout}`;
    expect(() => checkTimeout('graceMs', timeout)).toThrow(rangeMistake(message));
  });

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['5000', 'string'],
  ])('refuses %s, because a timeout is a number', (timeout, named) => {
    const message = `timeoutMs must be a number of milliseconds, not ${named}`;
    expect(() => checkTimeout('timeoutMs', timeout)).toThrow(typeMistake(message));
  });
});

describe('checkOneOf()', () => {
  test('accepts a value from the list of allowed values', () => {
    expect(checkOneOf('mode', 'shared', ['exclusive', 'shared'])).toBe('shared');
  });

  test.each([['Shared'], ['toString'], [undefined], [0]])(
    'refuses %j with a message that lists the allowed values',
    (value) => {
      const message = `mode must be one of 'exclusive', 'shared', not ${JSON.stringify(value)}`;
      expect(() => checkOneOf('mode', value, ['exclusive', 'shared'])).toThrow(valueMistake(message));
    },
  );
});

test.each([
  ['a BigInt', 5n, '5'],
  ['a symbol', Symbol('s'), 'Symbol(s)'],
  ['a function', () => 1, 'a function'],
  ['a circular object', circular(), 'an object'],
  ['an object that cannot be encoded', { toJSON: () => fail() }, 'an object'],
  ['NaN', Number.NaN, 'NaN'],
  ['a long text', 'x'.repeat(1000), `"${'x'.repeat(199)}...`],
])('the error message for an invalid value shows %s in a short, readable form', (_what, value, shown) => {
  expect(() => checkOneOf('mode', value, ['exclusive'])).toThrow(
    valueMistake(`mode must be one of 'exclusive', not ${shown}`),
  );
});

function circular(): object {
  const object: { self?: object } = {};
  object.self = object;
  return object;
}

function fail(): never {
  throw new Error('not encodable');
}

describe('checkSignal()', () => {
  test('accepts an AbortSignal and undefined', () => {
    const { signal } = new AbortController();
    expect(checkSignal(signal)).toBe(signal);
    expect(checkSignal(undefined)).toBeUndefined();
  });

  test.each([
    [null, 'null'],
    [{ aborted: false }, 'object'],
    ['SIGTERM', 'string'],
  ])('refuses %j', (value, named) => {
    expect(() => checkSignal(value)).toThrow(typeMistake(`signal must be an AbortSignal, not ${named}`));
  });
});
