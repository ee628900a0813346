// Paths of the state directory, the config file and the lock files. With `app: 'openclaw'` the
// paths are the same as OpenClaw's.
import { homedir } from 'node:os';
import { isAbsolute, join, sep } from 'node:path';
import { loadCrypto } from '../native/builtins.js';
import { userId } from '../native/platform.js';
import { type Env, envValue } from './app-environment.js';
import { canonicalChild, canonicalPath } from './canonical-path.js';

export interface StatePathOptions {
  readonly app: string;
  readonly profile: string | undefined;
  readonly stateDir: string | undefined;
  readonly configPath: string | undefined;
  readonly lockDir: string | undefined;
  readonly env: Env;
}

export interface StatePaths {
  readonly stateDir: string;
  readonly configPath: string;
  readonly lockDir: string;
  /**
   * True if this package chose the lock directory. The mode of a directory that the caller chose is
   * never changed.
   */
  readonly ownLockDir: boolean;
  readonly stateLock: string;
}

export function resolveStatePaths(options: StatePathOptions): StatePaths {
  const stateDir = resolveStateDir(options);
  const ownLockDir = options.lockDir === undefined;
  const lockDir =
    options.lockDir === undefined
      ? join(stateDir, 'tmp', userDirectory(options.app))
      : canonicalPath(expandHome(options.lockDir));
  // Several state directories may share a lock directory that the caller named, so the name of the
  // state lock then contains a hash of the state directory.
  const stateLock = join(lockDir, ownLockDir ? 'gateway.state.lock' : `gateway.state.${hash8(stateDir)}.lock`);
  return { stateDir, configPath: resolveConfigPath(stateDir, options), lockDir, ownLockDir, stateLock };
}

function resolveStateDir({ app, profile, env, stateDir }: StatePathOptions): string {
  const inHome = profile === undefined ? `~/.${app}` : `~/.${app}-${profile}`;
  return canonicalPath(expandHome(stateDir ?? envValue(env, app, 'STATE_DIR') ?? inHome));
}

function resolveConfigPath(stateDir: string, { app, env, configPath }: StatePathOptions): string {
  const configured = configPath ?? envValue(env, app, 'CONFIG_PATH');
  return configured === undefined ? canonicalChild(stateDir, `${app}.json`) : canonicalPath(expandHome(configured));
}

/**
 * Returns the path of the config lock. Not a field of {@link StatePaths}, because hash8() loads
 * node:crypto, which is not needed if the state lock is held.
 */
export function configLock({ lockDir, configPath }: StatePaths): string {
  return join(lockDir, `gateway.${hash8(configPath)}.lock`);
}

/** Returns true if `name` is the file name of a state lock or of a config lock. */
export function isLockFileName(name: string): boolean {
  return /^gateway\..*\.lock$/.test(name);
}

/** Returns true if a directory with this name in `<stateDir>/tmp` is a user's lock directory. */
export function isLockDirectory(app: string, name: string): boolean {
  return name === app || (name.startsWith(`${app}-`) && /^\d+$/.test(name.slice(app.length + 1)));
}

/**
 * Returns `<app>-<uid>`, so that users who share a state directory have separate lock directories.
 */
function userDirectory(app: string): string {
  const uid = userId();
  return uid === undefined ? app : `${app}-${uid}`;
}

/** Expands `~`, because service units, unlike shells, do not. */
function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') || path.startsWith(`~${sep}`) ? join(home(), path.slice(1)) : path;
}

/**
 * Returns the home directory. Called only for a path that contains `~`, so that a service without a
 * home directory can start if its state directory is configured.
 */
function home(): string {
  const directory = homeOrEmpty();
  if (isAbsolute(directory)) return directory;
  const message = `the home directory '${directory}' is not an absolute path. Set HOME (on Windows USERPROFILE), or set stateDir`;
  throw Object.assign(new Error(message), { code: 'ENOENT', syscall: 'homedir' });
}

function homeOrEmpty(): string {
  try {
    return homedir();
  } catch {
    return ''; // On Windows os.homedir() throws if USERPROFILE is empty.
  }
}

function hash8(text: string): string {
  return loadCrypto().hash('sha256', text, 'hex').slice(0, 8);
}
