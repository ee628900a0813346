// Argument checks, which throw a TypeError or RangeError with one of Node's error codes.
import type { PathLike } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { unknownOption } from './unknown-option.js';

export function invalidType(name: string, expected: string, actual: unknown): TypeError {
  const got = actual === null ? 'null' : typeof actual;
  return Object.assign(new TypeError(`${name} must be ${expected}, not ${got}`), { code: 'ERR_INVALID_ARG_TYPE' });
}

export function invalidValue(name: string, expected: string, actual: unknown): TypeError {
  return Object.assign(new TypeError(`${name} must be ${expected}, not ${valueText(actual)}`), {
    code: 'ERR_INVALID_ARG_VALUE',
  });
}

const MAX_VALUE_TEXT = 200;

/**
 * Formats a value for a message. Unlike JSON.stringify(), never throws, even for a BigInt, a
 * circular object or a failing toJSON().
 */
function valueText(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  try {
    const text = JSON.stringify(value) ?? String(value);
    return text.length > MAX_VALUE_TEXT ? `${text.slice(0, MAX_VALUE_TEXT)}...` : text;
  } catch {
    return `an ${typeof value}`;
  }
}

export function outOfRange(name: string, expected: string, actual: unknown): RangeError {
  return Object.assign(
    new RangeError(`${name} must be ${expected}, not ${typeof actual === 'string' ? actual : valueText(actual)}`),
    {
      code: 'ERR_OUT_OF_RANGE',
    },
  );
}

/** The names of a function's options. TypeScript reports a name that is missing here. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * Refuses a value that is not an object, and an option that does not exist, because a misspelled
 * option would have no effect. `name` is the option that contains these options, if any.
 */
export function checkOptions<Options>(value: unknown, known: OptionNames<Options>, name?: string): void {
  if (typeof value !== 'object' || value === null) throw invalidType(name ?? 'options', 'an object', value);
  const unknown = Object.keys(value).find((option) => !Object.hasOwn(known, option));
  if (unknown === undefined) return;
  const full = (option: string) => (name === undefined ? option : `${name}.${option}`);
  throw unknownOption(full(unknown), Object.keys(known).map(full));
}

/** Accepts a path that is not empty and contains no NUL byte, and returns it as a string. */
export function checkPath(name: string, value: PathLike): string {
  const path = value instanceof URL ? fromUrl(name, value) : value instanceof Uint8Array ? decoded(name, value) : value;
  if (typeof path !== 'string') throw invalidType(name, 'a string, a Buffer or a file: URL', value);
  if (path === '' || path.includes('\0')) throw invalidValue(name, 'a path', path);
  return path;
}

function fromUrl(name: string, url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw Object.assign(invalidValue(name, 'a file: URL', url.href), { cause });
  }
}

/** Refuses bytes that are not UTF-8, because the string would be the path of another file. */
function decoded(name: string, bytes: Uint8Array): string {
  const path = Buffer.from(bytes).toString();
  if (Buffer.compare(Buffer.from(path), bytes) !== 0) throw invalidValue(name, 'a path in UTF-8', path);
  return path;
}

export function checkPort(name: string, value: unknown): number {
  if (typeof value !== 'number') throw invalidType(name, 'a number', value);
  if (!Number.isInteger(value) || value < 0 || value > 65535) {
    throw outOfRange(name, 'an integer from 0 to 65535', value);
  }
  return value;
}

export function checkBacklog(value: unknown): number {
  if (typeof value !== 'number') throw invalidType('backlog', 'a number', value);
  if (!Number.isInteger(value) || value < 1 || value > 0x7fffffff) {
    throw outOfRange('backlog', 'an integer from 1 to 2147483647', value);
  }
  return value;
}

/** Accepts a number of milliseconds, including Infinity. */
export function checkTimeout(name: string, value: unknown): number {
  if (typeof value !== 'number') throw invalidType(name, 'a number of milliseconds', value);
  if (Number.isNaN(value) || value < 0) throw outOfRange(name, '0 or more milliseconds', value);
  return value;
}

export function checkOneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw invalidValue(name, `one of '${allowed.join("', '")}'`, value);
  return found;
}

export function checkSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value;
  throw invalidType('signal', 'an AbortSignal', value);
}

export function checkFlag(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalidType(name, 'a boolean', value);
  return value;
}

export function checkFunction<T>(name: string, value: T): T {
  if (value !== undefined && typeof value !== 'function') throw invalidType(name, 'a function', value);
  return value;
}
