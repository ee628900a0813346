// The sections below the options of a command: examples, exit codes, fields of the JSON output.
// --help wraps them at the terminal's width; the man page contains the same sections.
import type { Command, Help } from 'commander';

export interface HelpSection {
  readonly title: string;
  /** Terms, each with its explanation. */
  readonly items: readonly (readonly [term: string, text: string])[];
  /** True if the terms are command lines, which are never wrapped inside a word or a quotation. */
  readonly commandLines?: boolean;
}

const known = new WeakMap<Command, HelpSection[]>();

export function addHelpSection(command: Command, section: HelpSection): Command {
  const sections = known.get(command) ?? [];
  known.set(command, [...sections, section]);
  return command.addHelpText('after', () => `\n${section.title}:\n${layOut(section, wrappingHelp(command))}`);
}

export function helpSectionsOf(command: Command): readonly HelpSection[] {
  return known.get(command) ?? [];
}

/** Returns commander's layout, with the width that `command --help` uses. */
function wrappingHelp(command: Command): Help {
  const help = command.createHelp();
  const helpWidth = command.configureOutput().getOutHelpWidth?.();
  help.prepareContext(helpWidth === undefined ? {} : { helpWidth });
  return help;
}

function layOut({ items, commandLines }: HelpSection, help: Help): string {
  if (commandLines) return items.map(([line, what]) => layOutCommandLine(line, what, help)).join('\n');
  const termWidth = Math.max(...items.map(([term]) => term.length));
  return items.map(([term, text]) => help.formatItem(term, termWidth, text, help)).join('\n');
}

/** Puts the caption below the command line, so that both are easy to read at every width. */
function layOutCommandLine(line: string, what: string, help: Help): string {
  const width = help.helpWidth ?? 80;
  const caption = help.boxWrap(what, width - 6).split('\n');
  return [...brokenLine(line, width - 2).map((part) => `  ${part}`), ...caption.map((part) => `      ${part}`)].join(
    '\n',
  );
}

/**
 * Breaks a command line that is too wide. Each part but the last ends with a backslash, so that the
 * parts can be pasted into a shell.
 */
function brokenLine(line: string, width: number): string[] {
  const words = line.match(/(?:"[^"]*"|'[^']*'|\S)+/g) ?? [];
  const parts: string[] = [];
  let part = '';
  for (const word of words) {
    if (part !== '' && `${part} ${word} \\`.length > width) {
      parts.push(`${part} \\`);
      part = `    ${word}`;
    } else part = part === '' ? word : `${part} ${word}`;
  }
  return [...parts, part];
}
