// Where the locks of a gateway lie. With `app: 'openclaw'` every path is OpenClaw's own.
import { homedir } from 'node:os';
import { isAbsolute, join, sep } from 'node:path';
import { loadCrypto } from '../native/builtins.js';
import { userId } from '../native/platform.js';
import { canonicalChild, canonicalPath } from './canonical-path.js';

export type Env = Readonly<Record<string, string | undefined>>;

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
  /** The lock directory has this package's own name, so its mode may be mended. */
  readonly ownLockDir: boolean;
  readonly stateLock: string;
}

export function resolveStatePaths(options: StatePathOptions): StatePaths {
  const { app, profile, env } = options;
  const inHome = profile === undefined ? `~/.${app}` : `~/.${app}-${profile}`;
  const stateDir = canonicalPath(expandHome(options.stateDir ?? envValue(env, app, 'STATE_DIR') ?? inHome));
  const configured = options.configPath ?? envValue(env, app, 'CONFIG_PATH');
  const configPath =
    configured === undefined ? canonicalChild(stateDir, `${app}.json`) : canonicalPath(expandHome(configured));
  const lockDir =
    options.lockDir === undefined
      ? join(stateDir, 'tmp', userDirectory(app))
      : canonicalPath(expandHome(options.lockDir));
  return {
    stateDir,
    configPath,
    lockDir,
    ownLockDir: options.lockDir === undefined,
    // A directory that several states may share needs the state in the name.
    stateLock: join(
      lockDir,
      options.lockDir === undefined ? 'gateway.state.lock' : `gateway.state.${hash8(stateDir)}.lock`,
    ),
  };
}

/** Apart: see hash8(). Who is refused by the state lock never asks. */
export function configLock({ lockDir, configPath }: StatePaths): string {
  return join(lockDir, `gateway.${hash8(configPath)}.lock`);
}

/** `<APP>_<NAME>`; an empty variable counts as unset. */
export function envValue(env: Env, app: string, name: string): string | undefined {
  return env[`${app.toUpperCase().replaceAll('-', '_')}_${name}`] || undefined;
}

/** Service units do not expand `~` as a shell does. */
function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') || path.startsWith(`~${sep}`) ? join(home(), path.slice(1)) : path;
}

/** Only where it is needed: a service may have no home and name its state directory instead. */
function home(): string {
  const directory = homeAsSet();
  if (isAbsolute(directory)) return directory;
  const message = `the home directory is '${directory}', which is no absolute path: set HOME (on Windows USERPROFILE), or set stateDir`;
  throw Object.assign(new Error(message), { code: 'ENOENT', syscall: 'homedir' });
}

function homeAsSet(): string {
  try {
    return homedir();
  } catch {
    return ''; // Windows, where it is set to nothing
  }
}

/** `<app>-<uid>`: two users who share a state directory do not share a lock directory they could not both own. */
function userDirectory(app: string): string {
  const uid = userId();
  return uid === undefined ? app : `${app}-${uid}`;
}

/** Whether a directory in `<stateDir>/tmp` is a lock directory, of any user. */
export function isLockDirectory(app: string, name: string): boolean {
  return name === app || (name.startsWith(`${app}-`) && /^\d+$/.test(name.slice(app.length + 1)));
}

function hash8(text: string): string {
  return loadCrypto().hash('sha256', text, 'hex').slice(0, 8);
}
