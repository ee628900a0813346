// Completion for fish (man complete).
import type { Grammar, GrammarCommand, GrammarOption, Value } from './grammar.js';

export function fishCompletion({ name, options, commands }: Grammar): string {
  const fn = `__${name.replaceAll('-', '_')}`;
  return `# fish completion of ${name}. To load it in this shell: ${name} completion fish | source
# To load it in every shell: save it as ~/.config/fish/completions/${name}.fish
function ${fn}_in_program
    contains -- -- (commandline -opc)
end
function ${fn}_on
    not ${fn}_in_program; and __fish_seen_subcommand_from $argv[1]
end
complete -c ${name} -f
complete -c ${name} -n ${fn}_in_program -F -a '(__fish_complete_command)'
${options.map((option) => optionLine(name, '__fish_use_subcommand', option)).join('\n')}
${commands.map((command) => commandLines(name, fn, command).join('\n')).join('\n')}
`;
}

function commandLines(name: string, fn: string, command: GrammarCommand): string[] {
  const on = quoted(`${fn}_on ${command.name}`);
  const choices = command.operand !== null && typeof command.operand !== 'string' ? command.operand : [];
  const first = quoted(`${fn}_on ${command.name}; and not __fish_seen_subcommand_from ${choices.join(' ')}`);
  return [
    `complete -c ${name} -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.summary)}`,
    ...(choices.length === 0 ? [] : [`complete -c ${name} -n ${first} -a ${quoted(choices.join(' '))}`]),
    ...command.options.map((option) => optionLine(name, on, option)),
  ];
}

function optionLine(name: string, condition: string, { names, description, value }: GrammarOption): string {
  const spelled = names.map((one) => (one.startsWith('--') ? `-l ${one.slice(2)}` : `-s ${one.slice(1)}`));
  return `complete -c ${name} -n ${condition} ${spelled.join(' ')}${taken(value)} -d ${quoted(description)}`;
}

function taken(value: Value | null): string {
  if (value === null) return '';
  if (value === 'file') return ' -r -F';
  if (value === 'directory') return " -x -a '(__fish_complete_directories)'";
  return typeof value === 'string' ? ' -x' : ` -x -a ${quoted(value.join(' '))}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
