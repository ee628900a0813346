// gateway-lock completion: prints a completion script, generated from the command definitions.
import { Argument, type Command } from 'commander';
import { withExamples } from '../examples.js';
import { print } from '../print.js';
import { bashCompletion } from './completion/bash.js';
import { fishCompletion } from './completion/fish.js';
import { type Grammar, grammarOf } from './completion/grammar.js';
import { powershellCompletion } from './completion/powershell.js';
import { zshCompletion } from './completion/zsh.js';

const WRITERS: Readonly<Record<string, (grammar: Grammar) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
  powershell: powershellCompletion,
};

export function addCompletionCommand(program: Command): void {
  const command = program
    .command('completion')
    .summary('print a completion script for bash, zsh, fish or PowerShell')
    .description('Prints a completion script to stdout. The first lines of the script explain how to load it.')
    .addArgument(new Argument('<shell>', 'name of the shell').choices(Object.keys(WRITERS)))
    .action(async (shell: string) => void (await print(WRITERS[shell]!(grammarOf(program)))));
  withExamples(command, [
    { line: 'eval "$(gateway-lock completion bash)"', what: 'line for ~/.bashrc' },
    { line: 'source <(gateway-lock completion zsh)', what: 'line for ~/.zshrc, after compinit' },
    { line: 'gateway-lock completion fish | source', what: 'line for ~/.config/fish/config.fish' },
    {
      line: 'gateway-lock completion powershell | Out-String | Invoke-Expression',
      what: 'line for the file that $PROFILE names',
    },
  ]);
}
