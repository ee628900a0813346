// The command line: every command, option and example. --help, man page and completions are made from it.
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addCompletionCommand } from './commands/completion.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addRunCommand } from './commands/run.js';
import { addServeCommand } from './commands/serve.js';
import { addStatusCommand } from './commands/status.js';
import { addStressCommand } from './commands/stress.js';
import { addUnitCommand } from './commands/unit.js';

const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
const { version } = JSON.parse(manifest) as { version: string };

export const EXIT_CODES: readonly (readonly [number, string])[] = [
  [0, 'success; under launchd, the task scheduler and other supervisors also: already running and healthy'],
  [1, 'error'],
  [64, 'usage error'],
  [75, 'lock or port is in use'],
  [78, 'under systemd: already running and healthy (RestartPreventExitStatus=78)'],
];

export function createProgram(): Command {
  const program = new Command('gateway-lock')
    .description('One gateway process per state directory and port: a kernel lock and an exclusive TCP bind.')
    .version(version, '-V, --version')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`gateway-lock: ${oneLine(text)}\n`) });
  addRunCommand(program);
  addServeCommand(program);
  addStatusCommand(program);
  addDoctorCommand(program);
  addUnitCommand(program);
  addStressCommand(program);
  addCompletionCommand(program);
  return program.addHelpText('after', `\nExit codes:\n${EXIT_CODES.map(exitCodeLine).join('\n')}`);
}

function exitCodeLine([code, what]: readonly [number, string]): string {
  return `  ${String(code).padEnd(4)} ${what}`;
}

function oneLine(text: string): string {
  return `${text
    .replace(/^error: /, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ')} (see gateway-lock --help)`;
}
