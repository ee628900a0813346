// gateway-lock unit: prints a unit for a service manager. The unit starts a gateway unless a
// healthy one is already running.
import { isAbsolute } from 'node:path';
import { Argument, type Command, Option } from 'commander';
import { PRIVACY_SETTINGS } from '../../internal.js';
import { withExamples } from '../examples.js';
import { withExitCodes } from '../exit-codes.js';
import { addFlags, portFlag } from '../gateway-flags.js';
import { say } from '../output.js';
import { print } from '../print.js';
import { launchdPlist } from './unit/launchd.js';
import { protectedPath } from './unit/protected-folders.js';
import { isInRunnerCache } from './unit/runner-cache.js';
import { schtasksXml } from './unit/schtasks.js';
import { readService, type Service, type ServiceKind, type UnitFlags } from './unit/service.js';
import { systemdSocket, systemdUnit } from './unit/systemd.js';

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
      'Prints a unit for a service manager to stdout. The unit starts the program with `gateway-lock run --supervised`, or the demo gateway with ' +
        '`gateway-lock serve` if no program is given. All paths in the unit are absolute. The first lines of the unit explain how to install it.',
    )
    .addArgument(new Argument('<manager>', 'the service manager').choices(Object.keys(WRITERS)))
    .argument('[command...]', 'the program and its arguments, after --')
    .addOption(portFlag('TCP port (default: none with a program, else <APP>_GATEWAY_PORT or 18789)'));
  addFlags(command, 'host', 'lock', 'stateDir', 'config', 'profile', 'app')
    .option('--name <name>', 'name of the unit (default: <app>, or <app>-<profile>)')
    .option('--user', 'print a unit for the session of this user instead of one for the machine')
    .option('--no-handover', 'release the port before starting the program, for programs that bind the port themselves')
    .option('--socket', 'for systemd: print the socket unit, with which systemd keeps the port open during a restart')
    .addOption(new Option('--health-path <path>', 'URL path of the health check (default: /healthz)'))
    .action(unit);
  withExamples(command, EXAMPLES);
  withExitCodes(command, EXIT_CODES);
}

const EXAMPLES = [
  {
    line: 'gateway-lock unit systemd --user --port 18790 -- node server.js',
    what: 'server.js listens on { fd: 3 }; the first line says where to save the unit',
  },
  {
    line: 'gateway-lock unit systemd --user --socket --port 18790 -- node server.js',
    what: 'the socket unit for that service',
  },
  {
    line: 'gateway-lock unit systemd --port 18790 --no-handover -- python3 -m http.server 18790',
    what: 'a server that binds its port itself, started at boot',
  },
  { line: 'gateway-lock unit launchd --user --name org.example.gateway', what: 'the demo gateway, on macOS' },
  { line: 'gateway-lock unit schtasks --user > gateway.xml', what: 'the demo gateway, on Windows' },
];

const EXIT_CODES = [
  [0, 'success'],
  [64, 'usage error'],
  [126, 'the program cannot be run'],
  [127, 'the program does not exist'],
] as const;

async function unit(kind: ServiceKind, words: readonly string[], flags: UnitFlags): Promise<void> {
  const service = readService(kind, words, flags);
  if (kind === 'launchd') warnOfProtectedFolders(service);
  warnOfRunnerCache(service);
  await print(flags.socket ? systemdSocket(service) : WRITERS[kind](service));
}

/** The service would fail as soon as the cache is cleaned. */
function warnOfRunnerCache({ words }: Service): void {
  const path = words.filter(isAbsolute).find(isInRunnerCache);
  if (path === undefined) return;
  say(
    `gateway-lock: warning: the unit names ${path}, which is in the cache of a package runner and may be removed at any time. ` +
      'Install the package (npm install --global gateway-lock), then print the unit again',
  );
}

function warnOfProtectedFolders({ words, workingDirectory, paths }: Service): void {
  const path = protectedPath([workingDirectory, paths.stateDir, paths.configPath, ...words.filter(isAbsolute)]);
  if (path === undefined) return;
  say(
    `gateway-lock: warning: macOS denies launchd jobs access to ${path}. Use another folder, or allow ${words[0]} in ${PRIVACY_SETTINGS}`,
  );
}
