import { expect, test } from 'vitest';
import { jsonText } from '../../src/cli/json-output.js';
import { printable } from '../../src/printable.js';

const RANGES = [
  ['C0 controls', 0x00, 0x1f],
  ['DEL and C1 controls', 0x7f, 0x9f],
  ['the Arabic letter mark', 0x061c, 0x061c],
  ['direction marks', 0x200e, 0x200f],
  ['line and paragraph separators', 0x2028, 0x2029],
  ['embeddings and overrides', 0x202a, 0x202e],
  ['isolates', 0x2066, 0x2069],
] as const;

const charactersOf = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => String.fromCharCode(first + index)).join('');

test.each(RANGES)('printable() replaces %s by one blank', (_what, first, last) => {
  expect(printable(`a${charactersOf(first, last)}b`)).toBe('a b');
  for (const character of charactersOf(first, last)) expect(printable(character)).toBe(' ');
});

test.each(RANGES.slice(1))('jsonText() escapes %s, and JSON.parse() restores them', (_what, first, last) => {
  const characters = charactersOf(first, last);
  const text = jsonText({ characters });
  expect(printable(text.replaceAll('\n', ''))).toBe(text.replaceAll('\n', ''));
  expect(JSON.parse(text)).toEqual({ characters });
});

test.each(['', 'a b', "/home/müller/it's", 'שלום', 'مرحبا', '日本', '👍🏽'])(
  'printable() leaves %j unchanged',
  (text) => {
    expect(printable(text)).toBe(text);
  },
);
