// Generates the man page, in man(7) macros, from the definitions of the commands.
// scripts/bundle.mjs writes the page to a file.
import type { Command, Option } from 'commander';
import { examplesOf } from './examples.js';

export function manPage(program: Command): string {
  const commands = program.commands;
  return `${[
    `.TH ${program.name().toUpperCase()} 1 "" "${program.name()} ${program.version()}" "User Commands"`,
    // No hyphenation or justification, so that command lines can be copied exactly.
    '.nh\n.ad l',
    '.SH NAME',
    `${escaped(program.name())} \\- ${escaped(nameLine(program))}`,
    '.SH SYNOPSIS',
    ...commands.flatMap((command) => ['.br', `.B ${escaped(program.name())}`, escaped(usageOf(command))]).slice(1),
    '.SH DESCRIPTION',
    escaped(program.description()),
    '.SH COMMANDS',
    ...commands.flatMap((command) => commandSection(program, command)),
    '.SH OPTIONS',
    ...optionList(program),
    ...notesOf(program).flatMap(noteSection),
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

function commandSection(program: Command, command: Command): string[] {
  const examples = examplesOf(command).flatMap(({ line, what }) => ['.TP', `.B ${escaped(line)}`, escaped(what)]);
  return [
    `.SS ${escaped(usageOf(command))}`,
    escaped(command.description()),
    ...operandList(command),
    ...optionList(command),
    ...notesOf(command).flatMap(noteParagraphs),
    ...(examples.length === 0 ? [] : ['.PP', `Examples of ${escaped(program.name())} ${command.name()}:`, ...examples]),
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

/** Returns the texts that --help prints below the options, except the examples. */
function notesOf(command: Command): string[] {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (text) => parts.push(text) }).outputHelp();
  const [_help, ...notes] = parts;
  return notes.map((note) => note.trim()).filter((note) => !note.startsWith('Examples:'));
}

/** Returns a section for a note such as `Exit codes:`. */
function noteSection(note: string): string[] {
  const [title, ...lines] = note.split('\n');
  return [`.SH ${title!.replace(/:$/, '').toUpperCase()}`, ...noteParagraphs(lines.join('\n'))];
}

/** Renders lines like `  name   description` as a list, and other lines as paragraphs. */
function noteParagraphs(note: string): string[] {
  const lines = note.replace(/(?<=\S)\n(?=\S)/g, ' ').split('\n');
  return lines.flatMap((line) => {
    const [, name, what] = /^ {2}(\S.*?) {2,}(.+)$/.exec(line) ?? [];
    if (name !== undefined) return ['.TP', `.B ${escaped(name)}`, escaped(what!)];
    return line === '' ? [] : ['.PP', escaped(line)];
  });
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
