// Completion for zsh (man zshcompsys, _arguments).
import type { Grammar, GrammarCommand, GrammarOption, Value } from './grammar.js';

export function zshCompletion({ name, options, commands }: Grammar): string {
  const fn = `_${name}`;
  return `#compdef ${name}
# zsh completion of ${name}. To load it in this shell: source <(${name} completion zsh)
# To load it in every shell: save it as ${fn} in a directory of $fpath.
${fn}() {
  local curcontext=$curcontext state line
  local -a subcommands=(
${commands.map((command) => `    ${quoted(`${command.name}:${command.summary}`)}`).join('\n')}
  )
  _arguments -C \\
${lines(options.flatMap(optionSpec))} \\
    '1: :->command' '*:: :->words'
  case $state in
    command) _describe command subcommands ;;
    words)
      case $line[1] in
${commands.map(commandCase).join('\n')}
      esac ;;
  esac
}

# If zsh autoloads this file, the file calls the function. If a shell sources it, the file only registers the function.
if [[ $funcstack[1] == ${fn} ]]; then ${fn} "$@"; else compdef ${fn} ${name}; fi
`;
}

function commandCase({ name, options, operand, takesProgram }: GrammarCommand): string {
  const first = operand === null || operand === 'program' ? [] : [quoted(`1: :${action(operand)}`)];
  // After '--', offers program names, then the chosen program's completions.
  const position = first.length + 1;
  const program = takesProgram
    ? [quoted(`(-)${position}:program: _command_names -e`), quoted('*::arguments: _normal')]
    : [];
  return `        ${name})
          _arguments -S \\
${lines([...options.flatMap(optionSpec), ...first, ...program], '            ')} ;;`;
}

function lines(specs: readonly string[], indent = '    '): string {
  return specs.map((spec) => `${indent}${spec}`).join(' \\\n');
}

/**
 * Returns one spec for each spelling of the option. Once one spelling has been typed, zsh does not
 * offer the other.
 */
function optionSpec({ names, description, value }: GrammarOption): string[] {
  const others = names.length > 1 ? `(${names.join(' ')})` : '';
  const told = description.replace(/[[\]:\\]/g, '\\$&');
  const taken = value === null ? '' : `: :${action(value)}`;
  return names.map((name) => quoted(`${others}${name}[${told}]${taken}`));
}

function action(value: Value): string {
  if (value === 'directory') return '_files -/';
  if (value === 'file') return '_files';
  return typeof value === 'string' ? ' ' : `(${value.join(' ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
