import { describe, expect, test } from 'vitest';
import { quotedArgument } from '../../src/cli/commands/unit/schtasks.js';
import { quoted, quotedPath } from '../../src/cli/commands/unit/systemd.js';
import { xmlText } from '../../src/cli/commands/unit/xml.js';

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

/** Parses a line by the rules of man 5 systemd.service and man 7 systemd.syntax. */
function readBySystemd(line: string): string[] {
  const words = line.match(/(?:[^\s"']|"(?:[^"\\]|\\.)*")+/gs) ?? [];
  return words.map((word) => {
    const bare = word.startsWith('"') ? word.slice(1, -1) : word;
    const unescaped = bare.replace(/\\x([0-9a-f]{2})|\\(.)/g, (_, hex, one) =>
      hex ? String.fromCharCode(Number.parseInt(hex, 16)) : one,
    );
    expect(unescaped.replaceAll('%%', '').replaceAll('$$', '')).not.toMatch(/[%$]/);
    return unescaped.replaceAll('%%', '%').replaceAll('$$', '$');
  });
}

/** Parses a line by the rules of CommandLineToArgvW. */
function readByWindows(line: string): string[] {
  const words: string[] = [];
  let [word, inQuotes] = ['', false];
  for (const [part, slashes] of `${line} `.matchAll(/(\\*)"|\\+|[^"\\]/g)) {
    if (slashes !== undefined) {
      word += '\\'.repeat(slashes.length / 2);
      if (slashes.length % 2 === 1) word += '"';
      else inQuotes = !inQuotes;
    } else if (part === ' ' && !inQuotes) {
      words.push(word);
      word = '';
    } else word += part;
  }
  return words;
}

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
