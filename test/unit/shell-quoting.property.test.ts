import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  commandText,
  denyOthersCommand,
  listOpenersCommand,
  makeDirectoryCommand,
  restrictAccessCommand,
  showModeCommand,
} from '../../src/native/shell-commands.js';
import { need, whyNoShell } from '../support/capabilities.js';

const hostile = fc.constantFrom(
  "'",
  '"',
  '$(id)',
  '`id`',
  '\\',
  '\n',
  ' ',
  ';',
  '&',
  '|',
  '*',
  '~',
  '!',
  '\x1b',
  '-',
  '=',
  '#',
  '\u202e',
);
const word = fc
  .array(fc.oneof(hostile, fc.string({ unit: 'grapheme', maxLength: 5 })), { maxLength: 8 })
  // Words of a command line have no NUL, and the output is read back as UTF-8.
  .map((parts) => Buffer.from(parts.join('').replaceAll('\0', ''), 'utf8').toString('utf8'));

/** Returns the words that a shell makes of each line. */
function readByShell(lines: readonly string[]): string[][] {
  const script = lines.map((line) => `printf '%s\\0' ${line}; printf '\\0'`).join('\n');
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout
    .split('\0\0')
    .slice(0, -1)
    .map((text) => text.split('\0'));
}

test('commandText quotes any words for a shell', (ctx) => {
  need(ctx, whyNoShell);
  // An empty word would end the list of words in the output.
  const words = fc.array(
    word.filter((text) => text !== ''),
    { minLength: 1, maxLength: 5 },
  );
  const lines = fc.array(words, { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(lines, (given) => {
      expect(readByShell(given.map(commandText))).toEqual(given);
    }),
    { numRuns: 30 },
  );
});

test('each command quotes any path for a shell', (ctx) => {
  need(ctx, whyNoShell);
  const commands = [
    listOpenersCommand,
    showModeCommand,
    makeDirectoryCommand,
    denyOthersCommand,
    restrictAccessCommand,
  ];
  fc.assert(
    fc.property(
      word.filter((text) => text !== ''),
      (path) => {
        const read = readByShell(commands.map((command) => command(path)));
        expect(read.map((words) => words.at(-1))).toEqual(commands.map(() => path));
      },
    ),
    { numRuns: 50 },
  );
});
