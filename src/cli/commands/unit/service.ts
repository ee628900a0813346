// The service that a unit describes. All paths in its command line are absolute, because a service
// does not get the shell's working directory and variables.
import { realpathSync } from 'node:fs';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { type GatewayPaths, resolveGatewayPaths } from '../../../index.js';
import { DEFAULT_APP } from '../../../internal.js';
import { findProgram } from '../../find-program.js';
import { type GatewayFlags, gatewayOptions } from '../../gateway-flags.js';
import { refuseOpenClaw } from '../../openclaw.js';
import { stablePath } from './stable-path.js';

export interface UnitFlags extends GatewayFlags {
  readonly name?: string;
  readonly user?: boolean;
  /** False with --no-handover. */
  readonly handover: boolean;
  readonly healthPath?: string;
  readonly socket?: boolean;
}

export interface Service {
  readonly name: string;
  readonly app: string;
  /** The command line: Node, this command and its arguments. */
  readonly words: readonly string[];
  /** The command line that replaces the running program; null if the service cannot do that. */
  readonly reloadWords: readonly string[] | null;
  /** The program to run under the lock, and its arguments; empty for `serve`'s demo gateway. */
  readonly program: readonly string[];
  /** True if the service starts with the user's session, false if it starts with the machine. */
  readonly ofUser: boolean;
  /**
   * The account that runs the service and owns the files, because a lock directory is private to
   * one user.
   */
  readonly account: Account;
  readonly workingDirectory: string;
  readonly paths: GatewayPaths;
  /** True if the address exists only once the network is up. */
  readonly needsNetwork: boolean;
}

interface Account {
  readonly name: string;
  /**
   * `DOMAIN\name` on Windows, because without the domain the task scheduler could choose the wrong
   * account of that name.
   */
  readonly qualifiedName: string;
  readonly isRoot: boolean;
}

export type ServiceKind = 'systemd' | 'launchd' | 'schtasks';

/**
 * Returns the service that the arguments describe.
 *
 * @throws {ProgramError} if the program does not exist or cannot be run
 * @throws {TypeError} `ERR_INVALID_ARG_VALUE` if a unit cannot contain one of the arguments
 */
export function readService(kind: ServiceKind, program: readonly string[], flags: UnitFlags): Service {
  assertStartable(kind, program, flags);
  refuseOpenClaw(program, flags);
  const paths = resolveGatewayPaths(gatewayOptions(flags));
  const app = flags.app ?? DEFAULT_APP;
  const command = [stablePath(process.execPath), stablePath(realpathSync(process.argv[1]!))];
  const reload = canReload(kind, program, flags) ? ['reload', ...pathWords(flags, paths)] : null;
  return {
    name: checkUnitName(flags.name ?? (flags.profile === undefined ? app : `${app}-${flags.profile}`)),
    app,
    words: [...command, ...commandWords(kind, program, flags, paths)],
    reloadWords: reload === null ? null : [...command, ...reload],
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

/**
 * Returns true if a new program can start beside the old one, because it inherits the socket. A
 * program without a port could change the same files as the old one.
 */
function canReload(kind: ServiceKind, program: readonly string[], { port, handover }: UnitFlags): boolean {
  return kind === 'systemd' && program.length > 0 && port !== undefined && handover;
}

/**
 * Refuses a unit that could never start: on Windows `run` cannot hand over a socket
 * (docs/decisions/0017), and a program that binds its port itself does not use that of a socket
 * unit.
 */
function assertStartable(kind: ServiceKind, program: readonly string[], { port, handover, socket }: UnitFlags): void {
  if (socket && kind !== 'systemd') throw invalid('--socket: only systemd has socket units');
  if (socket && (!handover || port === 0 || (program.length > 0 && port === undefined)))
    throw invalid('--socket: needs --port, and a program that inherits the socket');
  if (kind !== 'schtasks' || program.length === 0 || port === undefined || !handover) return;
  throw invalid(
    '--port: on Windows a program cannot inherit a socket. Add --no-handover, and let the program bind the port itself',
  );
}

function commandWords(kind: ServiceKind, program: readonly string[], flags: UnitFlags, paths: GatewayPaths): string[] {
  const where = [...pathWords(flags, paths), ...portWords(program, flags, paths)];
  const park = kind === 'launchd' ? ['--park'] : [];
  if (program.length === 0) return ['serve', ...park, ...where];
  const [file, ...args] = program;
  const handover = flags.handover ? [] : ['--no-handover'];
  const health = flags.healthPath === undefined ? [] : ['--health-path', flags.healthPath];
  const reload = canReload(kind, program, flags) ? ['--reload-on', 'SIGHUP'] : [];
  return [
    'run',
    '--supervised',
    ...park,
    ...handover,
    ...health,
    ...reload,
    ...where,
    '--',
    stablePath(resolve(findProgram(file!))),
    ...args,
  ];
}

/**
 * Returns options that name the paths explicitly, because here they may come from environment
 * variables that the service does not have.
 */
function pathWords(flags: UnitFlags, paths: GatewayPaths): string[] {
  const app = flags.app === undefined ? [] : ['--app', flags.app];
  if (flags.lock !== undefined) return [...app, '--lock', resolve(flags.lock)];
  const { configPath } = resolveGatewayPaths({ ...gatewayOptions(flags), stateDir: paths.stateDir, env: {} });
  const config = configPath === paths.configPath && flags.config === undefined ? [] : ['--config', paths.configPath];
  return [...app, '--state-dir', paths.stateDir, ...config];
}

/** `run` binds a port only with --port; `serve` always does. */
function portWords(program: readonly string[], flags: UnitFlags, { host, port }: GatewayPaths): string[] {
  const binds = program.length === 0 || flags.port !== undefined;
  return [...(binds ? ['--port', String(port)] : []), ...(flags.host === undefined ? [] : ['--host', host])];
}

/**
 * Checks the unit's name, which is used as a file name, as a label, as a word of a command line,
 * and in an XML comment, where `--` is forbidden.
 */
function checkUnitName(name: string): string {
  if (/^(?!.*--)[A-Za-z0-9][A-Za-z0-9_.@-]{0,99}$/.test(name)) return name;
  throw invalid("--name must be up to 100 letters, digits and '_.@-', without '--'");
}

/**
 * Refuses a working directory that a unit cannot contain. Units cannot quote line breaks, and in a
 * systemd unit a backslash at the end of a line joins it with the next.
 */
function checkDirectory(kind: ServiceKind, path: string): string {
  if (!/[\r\n]/.test(path) && !(kind === 'systemd' && path.endsWith('\\'))) return path;
  throw invalid(`a unit cannot name the working directory ${JSON.stringify(path)}: change to another directory`);
}

function invalid(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' });
}
