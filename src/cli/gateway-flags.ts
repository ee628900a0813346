// The definitions of the options that several commands share.
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { GatewayLockOptions } from '../index.js';
import { commandText } from '../internal.js';

/** The values of the options, as commander returns them. */
export interface GatewayFlags {
  readonly app?: string;
  readonly profile?: string;
  readonly port?: number;
  readonly host?: string;
  readonly stateDir?: string;
  readonly config?: string;
  readonly lock?: string;
}

const FLAGS = {
  app: () =>
    new Option(
      '--app <name>',
      'app name, part of paths and variables such as ~/.<app> and <APP>_STATE_DIR (default: gateway)',
    ),
  profile: () =>
    new Option('--profile <name>', 'name of a profile: a second gateway with its state in ~/.<app>-<profile>'),
  port: () => portFlag('TCP port (default: <APP>_GATEWAY_PORT, else 18789)'),
  host: () =>
    new Option('--host <address>', "IP address, or 'localhost' for both loopback addresses (default: 127.0.0.1)"),
  stateDir: () => new Option('--state-dir <dir>', 'state directory (default: <APP>_STATE_DIR, else ~/.<app>)'),
  config: () => new Option('--config <file>', 'config file (default: <APP>_CONFIG_PATH, else <state>/<app>.json)'),
  lock: () =>
    new Option('--lock <file>', 'lock file to use instead of the lock files of a state directory').conflicts([
      'stateDir',
      'config',
      'profile',
    ]),
} as const;

export function addFlags(command: Command, ...names: readonly (keyof typeof FLAGS)[]): Command {
  for (const name of names) command.addOption(FLAGS[name]());
  return command;
}

/**
 * Returns the option --port. The description is a parameter, because the default port differs
 * between commands.
 */
export function portFlag(description: string): Option {
  return new Option('--port <port>', description).argParser(parsePort);
}

/** Returns an option whose value is a number of milliseconds. */
export function millisecondsFlag(flags: string, description: string, defaultMs: number): Option {
  return new Option(flags, description).default(defaultMs, String(defaultMs)).argParser(parseMilliseconds);
}

export function gatewayOptions({ config, lock, ...flags }: GatewayFlags): GatewayLockOptions {
  return {
    ...pick(flags, ['app', 'profile', 'port', 'host', 'stateDir']),
    ...(config === undefined ? {} : { configPath: config }),
    ...(lock === undefined ? {} : { lockFile: lock }),
  };
}

/** Returns a command line of `gateway-lock`, quoted for a shell, for the gateway with these options. */
export function commandFor(
  words: readonly string[],
  { app, profile, stateDir, configPath, lockFile }: GatewayLockOptions,
): string {
  const flags = {
    '--app': app,
    '--profile': profile,
    '--state-dir': stateDir,
    '--config': configPath,
    '--lock': lockFile,
  };
  const given = Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]));
  return commandText(['gateway-lock', ...words, ...given]);
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65535) return port;
  throw new InvalidArgumentError('Expected a number from 0 to 65535.');
}

export function parseMilliseconds(text: string): number {
  const ms = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError('Expected a number of milliseconds.');
  return ms;
}

function pick<T extends object, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]])) as Pick<
    T,
    K
  >;
}
