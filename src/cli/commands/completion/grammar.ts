// The parts of the command line's definition that completions need.
import type { Argument, Command, Option } from 'commander';

export interface Grammar {
  readonly name: string;
  /** The options of the program itself. */
  readonly options: readonly GrammarOption[];
  readonly commands: readonly GrammarCommand[];
}

export interface GrammarCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly GrammarOption[];
  /** The possible values of the first operand; null if the command has none. */
  readonly operand: Value | null;
  /** True if a program and its arguments follow `--`. */
  readonly takesProgram: boolean;
}

export interface GrammarOption {
  /** The spellings: `-h`, `--help`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Null if the option takes no value. */
  readonly value: Value | null;
}

/** The kind of value to offer, or the list of values. For `text`, nothing is offered. */
export type Value = 'file' | 'directory' | 'program' | 'text' | readonly string[];

export function grammarOf(program: Command): Grammar {
  const commands = program.createHelp().visibleCommands(program);
  const names = commands.map((command) => command.name());
  return {
    name: program.name(),
    options: optionsOf(program),
    commands: commands.map((command) => grammarOfCommand(command, names)),
  };
}

function grammarOfCommand(command: Command, commandNames: readonly string[]): GrammarCommand {
  const operands = command.registeredArguments.map((argument) => operandValue(argument, command, commandNames));
  return {
    name: command.name(),
    summary: command.summary() || command.description(),
    options: optionsOf(command),
    operand: operands[0] ?? null,
    takesProgram: operands.includes('program'),
  };
}

function optionsOf(command: Command): GrammarOption[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .map((option) => ({
      names: [option.short, option.long].filter((name) => name !== undefined),
      description: option.description,
      value: optionValue(option),
    }));
}

function optionValue({ required, optional, argChoices, flags }: Option): Value | null {
  if (!required && !optional) return null;
  return argChoices ?? valueNamed(/[<[]([a-z]+)/.exec(flags)?.[1]);
}

function operandValue(argument: Argument, command: Command, commandNames: readonly string[]): Value {
  if (argument.argChoices !== undefined) return argument.argChoices;
  if (command.name() === 'help') return commandNames;
  return argument.variadic ? 'program' : valueNamed(argument.name());
}

function valueNamed(placeholder: string | undefined): Value {
  if (placeholder === 'file') return 'file';
  return placeholder === 'dir' ? 'directory' : 'text';
}
