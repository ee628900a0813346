// The app name, and the environment variables that begin with it.
import { invalidType, invalidValue } from '../arguments.js';

/**
 * Environment variables, for example `process.env`.
 *
 * @example
 * const env: Env = { ...process.env, GATEWAY_STATE_DIR: '/var/lib/gateway' };
 * console.log(resolveGatewayPaths({ env }).lockPaths);
 */
export type Env = Readonly<Record<string, string | undefined>>;

export const DEFAULT_APP = 'gateway';

/**
 * Checks the app name. Returns 'gateway' if no app name is given.
 *
 * @throws {TypeError} `ERR_INVALID_ARG_*`
 */
export function readApp(app: string | undefined): string {
  return checkName('app', app ?? DEFAULT_APP);
}

/**
 * Checks a name that becomes part of file names and variable names.
 *
 * @throws {TypeError} `ERR_INVALID_ARG_*`, whose message names the option
 */
export function checkName(option: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidType(option, 'a string', value);
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(value)) {
    throw invalidValue(option, 'up to 64 letters, digits, - and _', value);
  }
  return value;
}

/** @throws {TypeError} `ERR_INVALID_ARG_TYPE` */
export function checkEnv(value: unknown): Env {
  if (typeof value !== 'object' || value === null) throw invalidType('env', 'an object', value);
  return value as Env;
}

/** Returns the variable name `<APP>_<NAME>`. */
export function variableName(app: string, name: string): string {
  return `${app.toUpperCase().replaceAll('-', '_')}_${name}`;
}

/** Returns the value of `<APP>_<NAME>`. An empty variable counts as unset. */
export function envValue(env: Env, app: string, name: string): string | undefined {
  return env[variableName(app, name)] || undefined;
}
