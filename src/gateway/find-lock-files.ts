// Finds the lock files of all gateways that belong to one user.
import { type Dirent, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { envValue, readApp } from './app-environment.js';
import { canonicalPath } from './canonical-path.js';
import type { GatewayLockOptions } from './gateway-lock-options.js';
import { readGatewayOptions } from './gateway-options.js';
import { isLockDirectory, isLockFileName } from './lock-directories.js';
import { resolveGatewayPaths } from './resolve-gateway-paths.js';

/**
 * The options that select the lock directories to read.
 *
 * @example
 * const search: SearchOptions = { app: 'chat', profile: 'staging' };
 * console.log(listStateDirectories(search));
 */
export type SearchOptions = Pick<GatewayLockOptions, 'app' | 'profile' | 'stateDir' | 'lockDir' | 'lockFile' | 'env'>;

/** A directory that cannot be read. */
export interface UnreadablePath {
  readonly path: string;
  readonly cause: unknown;
}

/**
 * Returns the state directory from the options or the environment. If none is set, returns
 * `~/.<app>` and every existing `~/.<app>-<profile>`.
 *
 * @example
 * console.log(listStateDirectories()); // [ '/home/me/.gateway', '/home/me/.gateway-staging' ]
 * @throws {TypeError} `ERR_INVALID_ARG_*`
 * @throws {RangeError} `ERR_OUT_OF_RANGE`
 * @throws {GatewayLockError} `ERR_GATEWAY_LOCK_FAILED` if a path cannot be resolved
 */
export function listStateDirectories(options: SearchOptions = {}): string[] {
  return stateDirectories(options, []);
}

/**
 * Returns the paths of the lock files. Adds the directories that cannot be read to `unreadable`.
 */
export function findLockFiles(options: SearchOptions, unreadable: UnreadablePath[]): string[] {
  if (options.lockFile !== undefined) return readGatewayOptions(options).lockPaths.map((path) => path());
  return lockDirectories(options, unreadable).flatMap((directory) =>
    entriesOf(directory, unreadable)
      .filter(({ name }) => isLockFileName(name))
      .map(({ name }) => join(directory, name)),
  );
}

/** Returns the lock directories of all users: `<app>` and `<app>-<uid>`. */
function lockDirectories(options: SearchOptions, unreadable: UnreadablePath[]): string[] {
  if (options.lockDir !== undefined) return [resolveGatewayPaths(options).lockDir];
  const app = readApp(options.app);
  const parents = stateDirectories(options, unreadable).map((stateDir) => join(stateDir, 'tmp'));
  return parents.flatMap((parent) =>
    entriesOf(parent, unreadable)
      .filter((entry) => entry.isDirectory() && isLockDirectory(app, entry.name))
      .map(({ name }) => join(parent, name)),
  );
}

function stateDirectories(options: SearchOptions, unreadable: UnreadablePath[]): string[] {
  const { profile, stateDir, env = process.env } = options;
  const app = readApp(options.app);
  const named = resolveGatewayPaths(options).stateDir;
  if ((profile ?? stateDir ?? envValue(env, app, 'STATE_DIR')) !== undefined) return [named];
  const home = homedir();
  const profiles = entriesOf(home, unreadable).filter(({ name }) => name.startsWith(`.${app}-`));
  const directories = profiles.flatMap(({ name }) => canonicalIfReadable(join(home, name), unreadable));
  return [...new Set([named, ...directories])];
}

/**
 * Returns the canonical path of a state directory, so that a directory is listed only once even if
 * one profile's directory is a link to another's.
 */
function canonicalIfReadable(directory: string, unreadable: UnreadablePath[]): string[] {
  try {
    return [canonicalPath(directory)];
  } catch (cause) {
    unreadable.push({ path: directory, cause });
    return [];
  }
}

function entriesOf(directory: string, unreadable: UnreadablePath[]): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') unreadable.push({ path: directory, cause });
    return [];
  }
}
