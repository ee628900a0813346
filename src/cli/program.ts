// Defines the command line: every command, option and example. --help, the man page and the
// completions are generated from these definitions.
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addCompletionCommand } from './commands/completion.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addReloadCommand } from './commands/reload.js';
import { addRunCommand } from './commands/run.js';
import { addServeCommand } from './commands/serve.js';
import { addStatusCommand } from './commands/status.js';
import { addStopCommand } from './commands/stop.js';
import { addStressCommand } from './commands/stress.js';
import { addUnitCommand } from './commands/unit.js';
import { addWaitCommand } from './commands/wait.js';
import { withExitCodes } from './exit-codes.js';
import { print } from './print.js';

const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
const { version } = JSON.parse(manifest) as { version: string };

export function createProgram(): Command {
  const program = new Command('gateway-lock')
    .description(
      'Run at most one gateway per state directory and port: a kernel file lock combined with an exclusive TCP bind.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    // Wraps descriptions in narrow terminals too: commander wraps only columns of 40 characters or
    // more by default.
    .configureHelp({ minWidthToWrap: 20, subcommandTerm: (command) => command.name() })
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void print(text),
      outputError: (text, write) => write(`gateway-lock: ${oneLine(text)}\n`),
    });
  addRunCommand(program);
  addServeCommand(program);
  addReloadCommand(program);
  addStopCommand(program);
  addWaitCommand(program);
  addStatusCommand(program);
  addDoctorCommand(program);
  addUnitCommand(program);
  addStressCommand(program);
  addCompletionCommand(program);
  return withExitCodes(program, [
    [0, 'success; under a supervisor other than systemd also: a healthy gateway is already running'],
    [1, 'error'],
    [64, 'usage error'],
    [75, 'the lock or the port is in use'],
    [78, 'under systemd: a healthy gateway is already running (RestartPreventExitStatus=78)'],
  ]);
}

function oneLine(text: string): string {
  return `${text
    .replace(/^error: /, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ')} (see gateway-lock --help)`;
}
