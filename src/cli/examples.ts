// The examples of each command, for --help and the man page. Tests in test/multiprocess run all of
// them.
import type { Command } from 'commander';
import { addHelpSection, helpSectionsOf } from './help-sections.js';

export interface Example {
  /** The command line. */
  readonly line: string;
  /** A caption that says what the command line does. */
  readonly what: string;
}

const TITLE = 'Examples';

export function withExamples(command: Command, examples: readonly Example[]): Command {
  const items = examples.map(({ line, what }) => [line, what] as const);
  return addHelpSection(command, { title: TITLE, items, commandLines: true });
}

export function examplesOf(command: Command): readonly Example[] {
  const sections = helpSectionsOf(command).filter(({ title }) => title === TITLE);
  return sections.flatMap(({ items }) => items.map(([line, what]) => ({ line, what })));
}
