// The help of each command in terminals of several widths: nothing is cut or broken inside a word,
// and every text is complete.
import type { Command, Help } from 'commander';
import { describe, expect, test } from 'vitest';
import { examplesOf } from '../../src/cli/examples.js';
import { helpSectionsOf } from '../../src/cli/help-sections.js';
import { createProgram } from '../../src/cli/program.js';
import { environment, gatewayLock } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { Terminal, whyNoTerminal } from '../support/terminal.js';

const WIDTHS = [60, 80, 100, 140];
const program = createProgram();
const commands = [program, ...program.commands];

/** Returns the help of a command, as commander writes it to a terminal of this width. */
function helpAt(command: Command, width: number): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (text) => parts.push(text), getOutHelpWidth: () => width }).outputHelp();
  return parts.join('');
}

/** Returns the words of a text, without the backslashes that join the parts of a command line. */
function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '' && word !== '\\');
}

describe.each(WIDTHS)('in %d columns', (width) => {
  test.each(commands.map((command) => [command.name(), command] as const))('the help of %s fits', (_name, command) => {
    for (const line of helpAt(command, width).split('\n')) {
      const [longestWord] = wordsOf(line).toSorted((one, other) => other.length - one.length);
      const fits = line.length <= width || line.trim() === longestWord || line.startsWith('Usage:');
      expect(fits, `${line.length} columns: ${line}`).toBe(true);
    }
  });

  test.each(commands.map((command) => [command.name(), command] as const))(
    'the help of %s contains the whole of each text',
    (_name, command) => {
      const text = wordsOf(helpAt(command, width)).join(' ');
      const help: Help = command.createHelp();
      const descriptions = help.visibleOptions(command).map((option) => help.optionDescription(option));
      const sections = helpSectionsOf(command).flatMap(({ items }) => items.flat());
      for (const part of [...descriptions, ...sections]) expect(text).toContain(wordsOf(part).join(' '));
    },
  );
});

test.for(WIDTHS)('a terminal of %d columns shows the end of the help without a broken word', async (columns, ctx) => {
  const missing = whyNoTerminal();
  if (missing !== null) ctx.skip(missing);
  const home = freshDirectory();
  const line = `${process.execPath} ${new URL('../../dist/cli/main.js', import.meta.url).pathname} run --help`;
  const terminal = new Terminal(line, { columns, rows: 200, home });
  await terminal.shows(/exit=0/);
  const shown = wordsOf(terminal.screen()).join(' ');
  expect(shown).toContain(
    '75 the lock or the port is in use; with --cluster also: the cluster lock was lost and the program was stopped',
  );
});

test('an example that is too wide is broken so that a shell can run it', () => {
  const [example] = examplesOf(program.commands.find((command) => command.name() === 'run')!).filter(
    ({ line }) => line.length > 60,
  );
  const help = helpAt(program.commands.find((command) => command.name() === 'run')!, 60);
  const [first, ...rest] = wordsOf(example!.line);
  expect(help.replaceAll(/ \\\n +/g, ' ')).toContain([first, ...rest].join(' '));
});

test.each([{ LANG: 'C', LC_ALL: 'C' }, { TERM: 'dumb' }])('with %j the output is ASCII', async (env) => {
  const home = freshDirectory();
  for (const args of [['--help'], ['run', '--help'], ['status'], ['doctor'], ['completion', 'bash']]) {
    const { out, err } = await gatewayLock(args, { home, env: environment(home, env) });
    expect([...`${out}${err}`].filter((character) => character.charCodeAt(0) > 0x7e)).toEqual([]);
  }
});
