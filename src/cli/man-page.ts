// Generates the man page, in man(7) macros, from the definitions of the commands.
// scripts/bundle.mjs writes the page to a file.
import type { Command, Option } from 'commander';
import { type HelpSection, helpSectionsOf } from './help-sections.js';

/** `date` is the date of the release, as YYYY-MM-DD. */
export function manPage(program: Command, date: string): string {
  const commands = program.commands;
  return `${[
    `.TH ${program.name().toUpperCase()} 1 "${date}" "${program.name()} ${program.version()}" "User Commands"`,
    // No hyphenation or justification, so that command lines can be copied exactly.
    '.nh\n.ad l',
    '.SH NAME',
    `${escaped(program.name())} \\- ${escaped(nameLine(program))}`,
    '.SH SYNOPSIS',
    ...commands.flatMap((command) => ['.br', `.B ${escaped(program.name())}`, escaped(usageOf(command))]).slice(1),
    '.SH DESCRIPTION',
    escaped(program.description()),
    '.SH COMMANDS',
    ...commands.flatMap((command) => commandSection(command)),
    '.SH OPTIONS',
    ...optionList(program),
    ...helpSectionsOf(program).flatMap(({ title, items }) => [`.SH ${title.toUpperCase()}`, ...itemList(items)]),
    '.SH SEE ALSO',
    '.BR flock (1),\n.BR flock (2),\n.BR systemd.service (5),\n.BR launchd.plist (5)',
  ].join('\n')}\n`;
}

/** Returns the line for whatis(1): the first part of the description, without a full stop. */
function nameLine(program: Command): string {
  const line = program.description().split(':')[0]!;
  return line.charAt(0).toLowerCase() + line.slice(1);
}

function usageOf(command: Command): string {
  return `${command.name()} ${command.usage()}`;
}

function commandSection(command: Command): string[] {
  return [
    `.SS ${escaped(usageOf(command))}`,
    escaped(command.description()),
    ...operandList(command),
    ...optionList(command),
    ...sectionParagraphs(command),
  ];
}

function operandList(command: Command): string[] {
  const operands = command.registeredArguments.filter(({ description }) => description !== '');
  return operands.flatMap((operand) => {
    const choices = operand.argChoices === undefined ? '' : ` (${operand.argChoices.join(', ')})`;
    return ['.TP', `.I ${escaped(operand.name())}`, escaped(`${operand.description}${choices}`)];
  });
}

function optionList(command: Command): string[] {
  const options = command.createHelp().visibleOptions(command);
  return options.flatMap((option) => ['.TP', `.B ${escaped(option.flags)}`, escaped(descriptionOf(command, option))]);
}

function descriptionOf(command: Command, option: Option): string {
  return command.createHelp().optionDescription(option);
}

/** Returns the sections of a command as paragraphs under a title. */
function sectionParagraphs(command: Command): string[] {
  const name = `${command.parent?.name()} ${command.name()}`;
  return helpSectionsOf(command).flatMap(({ title, items }) => [
    '.PP',
    escaped(title === 'Examples' ? `Examples of ${name}:` : `${title}:`),
    ...itemList(items),
  ]);
}

function itemList(items: HelpSection['items']): string[] {
  return items.flatMap(([term, text]) => ['.TP', `.B ${escaped(term)}`, escaped(text)]);
}

/**
 * Escapes hyphens (so that they can be copied to a shell), backslashes, quotes, and a `.` or `'` at
 * the start of a line.
 */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replace(/^([.'])/, '\\&$1');
}
