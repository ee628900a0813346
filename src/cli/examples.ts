// The examples of each command, for --help and the man page. Tests in test/multiprocess run all of
// them.
import type { Command } from 'commander';

export interface Example {
  /** The command line. */
  readonly line: string;
  /** A caption that says what the command line does. */
  readonly what: string;
}

const known = new WeakMap<Command, readonly Example[]>();

export function withExamples(command: Command, examples: readonly Example[]): Command {
  known.set(command, examples);
  const width = Math.max(...examples.map(({ line }) => line.length));
  const lines = examples.map(({ line, what }) =>
    width > 60 ? `  ${line}\n      ${what}` : `  ${line.padEnd(width)}   ${what}`,
  );
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

export function examplesOf(command: Command): readonly Example[] {
  return known.get(command) ?? [];
}
