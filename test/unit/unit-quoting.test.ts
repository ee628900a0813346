import { describe, expect, test } from 'vitest';
import { quotedArgument } from '../../src/cli/commands/unit/schtasks.js';
import { quoted, quotedPath } from '../../src/cli/commands/unit/systemd.js';
import { xmlText } from '../../src/cli/commands/unit/xml.js';
import { readBySystemd, readByWindows } from '../support/unit-readers.js';

const WORDS = [
  'plain-word_1.0,/x:y@z+=',
  '',
  ' ',
  'two words',
  '100%',
  '%h',
  '$HOME',
  '$' + '{HOME}',
  '"quoted"',
  "it's",
  'back\\slash',
  'ends in \\',
  'a\\"b',
  'tab\there',
  'line\nfeed',
  ';',
  '#',
  '-',
  'ünïcödé 日本',
];

describe('a quoted word of a systemd unit', () => {
  test('a quoted word of a systemd unit is parsed by the rules of systemd to the original word', () => {
    expect(readBySystemd(WORDS.map(quoted).join(' '))).toEqual(WORDS);
  });

  test('a quoted word of a systemd unit contains no line feed and no tab', () => {
    for (const word of WORDS) expect(quoted(word)).not.toMatch(/[\n\t]/);
  });

  test('a quoted word of a systemd unit has an unescaped dollar sign in the path of the program, where systemd replaces no variables', () => {
    expect(quotedPath('/a$b/100%')).toBe('/a$b/100%%');
  });

  test('a quoted word of a systemd unit is quoted if it is a semicolon, which would separate commands', () => {
    expect(quoted(';')).toBe('";"');
  });
});

describe('a quoted argument of a Windows command line', () => {
  test.each([
    ['a b', '"a b"'],
    ['', '""'],
    ['a"b', '"a\\"b"'],
    ['C:\\my dir\\', '"C:\\my dir\\\\"'],
    ['a\\"b', '"a\\\\\\"b"'],
    ['C:\\dir\\x', 'C:\\dir\\x'],
  ])('%j becomes %s', (word, written) => {
    expect(quotedArgument(word)).toBe(written);
  });

  test('a quoted argument of a Windows command line is parsed by the rules of CommandLineToArgvW to the original argument', () => {
    expect(readByWindows(WORDS.map(quotedArgument).join(' '))).toEqual(WORDS);
  });
});

test('xmlText() escapes special characters and refuses characters that XML forbids', () => {
  expect(xmlText('a<b>&"\n')).toBe('a&lt;b&gt;&amp;&quot;&#10;');
  expect(xmlText('ü日😀\x7f')).toBe('&#252;&#26085;&#128512;&#127;');
  expect(() => xmlText('\x1b')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }));
});
