// gateway-lock unit: what a service manager needs to start a gateway, and to leave a healthy one alone.
import { isAbsolute } from 'node:path';
import { Argument, type Command, Option } from 'commander';
import { PRIVACY_SETTINGS } from '../../index.js';
import { withExamples } from '../examples.js';
import { addFlags } from '../gateway-flags.js';
import { say } from '../output.js';
import { print } from '../print.js';
import { launchdPlist } from './unit/launchd.js';
import { protectedPath } from './unit/protected-folders.js';
import { schtasksXml } from './unit/schtasks.js';
import { readService, type Service, type ServiceKind, type UnitFlags } from './unit/service.js';
import { systemdUnit } from './unit/systemd.js';

const WRITERS: Readonly<Record<ServiceKind, (service: Service) => string>> = {
  systemd: systemdUnit,
  launchd: launchdPlist,
  schtasks: schtasksXml,
};

export function addUnitCommand(program: Command): void {
  const command = program
    .command('unit')
    .summary('print a unit for systemd, launchd or the task scheduler')
    .description(
      'Prints a unit on stdout that starts a program by `gateway-lock run --supervised`, or the small gateway of `gateway-lock serve`. ' +
        'All paths in it are absolute; what to do with it stands in its first lines.',
    )
    .addArgument(new Argument('<manager>', 'whose unit').choices(Object.keys(WRITERS)))
    .argument('[command...]', 'the program and its arguments, after --');
  addFlags(command, 'port', 'host', 'lock', 'stateDir', 'config', 'profile', 'app')
    .option('--name <name>', 'of the unit (default: <app>, or <app>-<profile>)')
    .option('--user', 'for the session of this user, not for the machine')
    .option('--no-handover', 'for a program that binds the port itself')
    .addOption(new Option('--health-path <path>', 'where a running gateway is asked (default: /healthz)'))
    .action(unit);
  withExamples(command, [
    {
      line: 'gateway-lock unit systemd --user --port 18790 -- node server.js',
      what: 'server.js listens on { fd: 3 }; save it as the first line says',
    },
    {
      line: 'gateway-lock unit systemd --port 18790 --no-handover -- python3 -m http.server 18790',
      what: 'a server that binds its port itself, started with the machine',
    },
    { line: 'gateway-lock unit launchd --user --name org.example.gateway', what: 'the small gateway, on macOS' },
    { line: 'gateway-lock unit schtasks --user > gateway.xml', what: 'and on Windows' },
  ]);
  command.addHelpText('after', '\nExit codes: 0; 64 wrong usage; 126 the program cannot be run, 127 there is none.');
}

async function unit(kind: ServiceKind, words: readonly string[], flags: UnitFlags): Promise<void> {
  const service = readService(kind, words, flags);
  if (kind === 'launchd') warnOfProtectedFolders(service);
  await print(WRITERS[kind](service));
}

function warnOfProtectedFolders({ words, workingDirectory, paths }: Service): void {
  const path = protectedPath([workingDirectory, paths.stateDir, paths.configPath, ...words.filter(isAbsolute)]);
  if (path === undefined) return;
  say(
    `warning: macOS keeps launchd jobs out of ${path}: choose another folder, or allow ${words[0]} in ${PRIVACY_SETTINGS}`,
  );
}
