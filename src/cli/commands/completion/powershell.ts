// Completion for PowerShell 5 and later (Register-ArgumentCompleter). Where the script offers
// nothing, PowerShell offers files.
import type { Grammar, GrammarCommand, GrammarOption, Value } from './grammar.js';

export function powershellCompletion({ name, options, commands }: Grammar): string {
  return `# PowerShell completion of ${name}. To load it in this session:
#   ${name} completion powershell | Out-String | Invoke-Expression
# To load it in every session: add that line to the file that $PROFILE names.
Register-ArgumentCompleter -Native -CommandName ${quoted(name)} -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $commands = [ordered]@{
${commands.map(({ name: command, summary }) => `    ${entry(command, summary)}`).join('\n')}
  }
  $options = @{
    '' = [ordered]@{
${optionEntries(options)}
    }
${commands.map((command) => `    ${quoted(command.name)} = [ordered]@{\n${optionEntries(command.options)}\n    }`).join('\n')}
  }
  $values = @{
${commands.flatMap(valueEntries).join('\n')}
  }
  # The finished words before the cursor, without the name of the command itself.
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
    Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  if ($words -contains '--') { return }
  $command = "$($words | Where-Object { $_ -notlike '-*' } | Select-Object -First 1)"
  $previous = if ($words.Count -gt 0) { $words[-1] } else { '' }
  if ($values.ContainsKey("$command $previous")) { $offered = $values["$command $previous"] }
  elseif ($wordToComplete -like '-*' -and $options.ContainsKey($command)) { $offered = $options[$command] }
  elseif ($command -eq '') { $offered = $commands }
  else { return }
  $offered.GetEnumerator() | Where-Object { $_.Key -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_.Key, $_.Key, 'ParameterValue', $_.Value)
  }
}
`;
}

/** Returns the entries of the table of values: those after an option, and those of the operand. */
function valueEntries({ name, options, operand }: GrammarCommand): string[] {
  const afterOptions = options.flatMap(({ names, value }) => names.map((option) => [option, value] as const));
  return [...afterOptions, [name, operand] as const].flatMap(([word, value]) =>
    isList(value)
      ? [`    ${quoted(`${name} ${word}`)} = [ordered]@{ ${value.map((one) => entry(one, one)).join('; ')} }`]
      : [],
  );
}

function isList(value: Value | null): value is readonly string[] {
  return value !== null && typeof value !== 'string';
}

function optionEntries(options: readonly GrammarOption[]): string {
  return options
    .flatMap(({ names, description }) => names.map((name) => `      ${entry(name, description)}`))
    .join('\n');
}

/** Returns an entry of a hash table: a word and its tooltip. */
function entry(word: string, tooltip: string): string {
  return `${quoted(word)} = ${quoted(tooltip)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
