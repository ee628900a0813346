// What a service manager has to start: the words of the command, all of them absolute, because a service has
// neither the shell's directory nor its variables.
import { realpathSync } from 'node:fs';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { DEFAULT_APP, type GatewayPaths, resolveGatewayPaths } from '../../index.js';
import { findProgram } from '../find-program.js';
import { type GatewayFlags, gatewayOptions } from '../gateway-flags.js';
import { refuseOpenClaw } from '../openclaw.js';
import { stablePath } from './stable-path.js';

export interface UnitFlags extends GatewayFlags {
  readonly name?: string;
  readonly user?: boolean;
  /** false for --no-handover. */
  readonly handover: boolean;
  readonly healthPath?: string;
}

export interface Service {
  readonly name: string;
  readonly app: string;
  /** Node, this command, and what it is to do. */
  readonly words: readonly string[];
  /** The program that is guarded; empty for the small gateway of `serve`. */
  readonly program: readonly string[];
  /** Starts with the user's session, not with the machine. */
  readonly ofUser: boolean;
  /** Whose files these are: a lock directory is private to one user. */
  readonly account: Account;
  readonly workingDirectory: string;
  readonly paths: GatewayPaths;
  /** The address must be there before a gateway can bind it. */
  readonly needsNetwork: boolean;
}

interface Account {
  readonly name: string;
  /** `DOMAIN\\name` on Windows: two accounts may have one name, and the task scheduler takes the wrong one. */
  readonly qualifiedName: string;
  readonly isRoot: boolean;
}

export type ServiceKind = 'systemd' | 'launchd' | 'schtasks';

/** @throws {ProgramError} when there is no such program; {TypeError} `ERR_INVALID_ARG_VALUE` */
export function readService(kind: ServiceKind, program: readonly string[], flags: UnitFlags): Service {
  refuseWhatCannotStart(kind, program, flags);
  refuseOpenClaw(program, flags);
  const paths = resolveGatewayPaths(gatewayOptions(flags));
  const app = flags.app ?? DEFAULT_APP;
  return {
    name: checkUnitName(flags.name ?? (flags.profile === undefined ? app : `${app}-${flags.profile}`)),
    app,
    words: [
      stablePath(process.execPath),
      stablePath(realpathSync(process.argv[1]!)),
      ...commandWords(kind, program, flags, paths),
    ],
    program,
    ofUser: flags.user ?? false,
    account: readAccount(),
    workingDirectory: checkDirectory(kind, process.cwd()),
    paths,
    needsNetwork: !/^(localhost|127\..*|::1|0\.0\.0\.0|::)$/.test(paths.host),
  };
}

function readAccount(): Account {
  const { username, uid } = userInfo();
  const domain = process.env['USERDOMAIN'];
  return { name: username, qualifiedName: domain ? `${domain}\\${username}` : username, isRoot: uid === 0 };
}

/** On Windows `run` would refuse this each time (docs/decisions/0017), and the scheduler start it again. */
function refuseWhatCannotStart(kind: ServiceKind, program: readonly string[], { port, handover }: UnitFlags): void {
  if (kind !== 'schtasks' || program.length === 0 || port === undefined || !handover) return;
  throw invalid('--port: on Windows no program inherits a socket: add --no-handover, and let it bind the port itself');
}

function commandWords(kind: ServiceKind, program: readonly string[], flags: UnitFlags, paths: GatewayPaths): string[] {
  const place = [...placeWords(flags, paths), ...portWords(program, flags, paths)];
  const park = kind === 'launchd' ? ['--park'] : [];
  if (program.length === 0) return ['serve', ...park, ...place];
  const [file, ...args] = program;
  const handover = flags.handover ? [] : ['--no-handover'];
  const health = flags.healthPath === undefined ? [] : ['--health-path', flags.healthPath];
  return [
    'run',
    '--supervised',
    ...park,
    ...handover,
    ...health,
    ...place,
    '--',
    stablePath(resolve(findProgram(file!))),
    ...args,
  ];
}

/** What the environment says here is not there: the place is named. */
function placeWords(flags: UnitFlags, paths: GatewayPaths): string[] {
  const app = flags.app === undefined ? [] : ['--app', flags.app];
  if (flags.lock !== undefined) return [...app, '--lock', resolve(flags.lock)];
  const { configPath } = resolveGatewayPaths({ ...gatewayOptions(flags), stateDir: paths.stateDir, env: {} });
  const config = configPath === paths.configPath && flags.config === undefined ? [] : ['--config', paths.configPath];
  return [...app, '--state-dir', paths.stateDir, ...config];
}

/** `run` binds a port only when it is given one. */
function portWords(program: readonly string[], flags: UnitFlags, { host, port }: GatewayPaths): string[] {
  const binds = program.length === 0 || flags.port !== undefined;
  return [...(binds ? ['--port', String(port)] : []), ...(flags.host === undefined ? [] : ['--host', host])];
}

/** Becomes a file name, a label, a word of a command line, and part of an XML comment, which has no `--`. */
function checkUnitName(name: string): string {
  if (/^(?!.*--)[A-Za-z0-9][A-Za-z0-9_.@-]{0,99}$/.test(name)) return name;
  throw invalid("--name must be up to 100 letters, digits and '_.@-', without '--'");
}

/** Stands in a unit as it is: no unit file can quote it everywhere. For systemd a line that ends in a backslash goes on. */
function checkDirectory(kind: ServiceKind, path: string): string {
  if (!/[\r\n]/.test(path) && !(kind === 'systemd' && path.endsWith('\\'))) return path;
  throw invalid(`no service can work in ${JSON.stringify(path)}`);
}

function invalid(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' });
}
