// Completion for bash. The script also works in bash 3.2 on macOS, which has neither mapfile nor
// compopt.
import type { Grammar, GrammarCommand, GrammarOption, Value } from './grammar.js';

export function bashCompletion({ name, options, commands }: Grammar): string {
  const fn = `_${name.replaceAll('-', '_')}`;
  return `# bash completion of ${name}. To load it in this shell: eval "$(${name} completion bash)"
${fn}_offer() {
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$@")
}

${fn}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command='' index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    if [[ \${COMP_WORDS[index]} == -- ]]; then
      # The first word after -- is a program. The later words are files.
      ((index + 1 == COMP_CWORD)) && ${fn}_offer -c -- "$current"
      return
    fi
    [[ -z $command && \${COMP_WORDS[index]} != -* ]] && command=\${COMP_WORDS[index]}
  done
  case "$command $previous" in
${commands.flatMap((command) => command.options.flatMap((option) => valueCase(fn, command, option))).join('\n')}
  esac
  case $command in
${offerCase(fn, "''", names(options), words(commands.map((command) => command.name)))}
${commands.map((command) => offerCase(fn, command.name, names(command.options), operand(command.operand))).join('\n')}
  esac
}

# -o default: bash offers files if the function offers nothing.
complete -o default -F ${fn} ${name}
`;
}

/** Returns the case branch that offers an option's values. */
function valueCase(fn: string, command: GrammarCommand, { names: spelled, value }: GrammarOption): string[] {
  if (value === null) return [];
  const pattern = spelled.map((one) => `'${command.name} ${one}'`).join(' | ');
  return [`    ${pattern}) ${offerValue(fn, value)}; return ;;`];
}

function offerValue(fn: string, value: Value): string {
  if (value === 'directory') return `compopt -o filenames 2> /dev/null; ${fn}_offer -d -- "$current"`;
  if (value === 'file') return ':';
  if (value === 'text' || value === 'program') return 'compopt +o default 2> /dev/null';
  return `${fn}_offer -W ${words(value)} -- "$current"`;
}

function offerCase(fn: string, command: string, options: string, operands: string): string {
  return `    ${command})
      if [[ $current == -* ]]; then ${fn}_offer -W ${options} -- "$current"
      else ${fn}_offer -W ${operands} -- "$current"; fi ;;`;
}

function names(options: readonly GrammarOption[]): string {
  return words(options.flatMap((option) => option.names));
}

function operand(value: Value | null): string {
  return words(value === null || typeof value === 'string' ? [] : value);
}

function words(list: readonly string[]): string {
  return `'${list.join(' ')}'`;
}
