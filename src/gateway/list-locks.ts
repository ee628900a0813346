// Every lock of every gateway of this user: what an operator wants to see at once.
import { type Dirent, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { checkOptions } from '../arguments.js';
import type { OwnerRecord } from '../errors.js';
import { type LockProbe, probeTarget } from '../lock/internal.js';
import { native } from '../native/load.js';
import { checkHealthQuestion, type HealthCheckOptions, type HealthProbe, probeHealth } from '../probe/probe-health.js';
import { probePort } from '../probe/probe-port.js';
import { canonicalPath } from './canonical-path.js';
import { type GatewayLockOptions, readGatewayOptions } from './gateway-options.js';
import { holderPlace } from './holder-endpoint.js';
import { resolveGatewayPaths } from './resolve-gateway-paths.js';
import { envValue, isLockDirectory } from './state-paths.js';

export interface ListLocksOptions
  extends Pick<GatewayLockOptions, 'app' | 'profile' | 'stateDir' | 'lockDir' | 'lockFile' | 'env'> {
  /** How health is asked. @default GET /healthz, 1000 ms */
  readonly health?: HealthCheckOptions;
}

export interface ListedLock {
  /** Of the lock file; of a directory that cannot be read, which is `unreadable`, too. */
  readonly path: string;
  /** `held`, `leftover`, `free`, `missing`; `unreadable` when it cannot be looked at: see `cause`. */
  readonly state: LockProbe['state'] | 'unreadable';
  readonly heldBy: LockProbe['heldBy'];
  readonly owner: OwnerRecord | null;
  readonly ownerAlive: boolean | null;
  /** The holder's program and arguments, where the system tells. */
  readonly command: readonly string[] | null;
  /** Where the holder listens, as its record says. */
  readonly host: string | null;
  readonly port: number | null;
  /** null when it has said no port. */
  readonly listening: boolean | null;
  /** null when nobody listens. */
  readonly health: HealthProbe | null;
  readonly cause: unknown;
}

type Place = Omit<ListLocksOptions, 'health'>;

/**
 * Looks at the lock files under the state directories ({@link listStateDirectories}). One that cannot be looked at
 * hides no other. Nothing is created, changed or kept.
 *
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE`; {GatewayLockError}
 *   `ERR_GATEWAY_LOCK_FAILED` when a path cannot be followed
 */
export async function listLocks(options: ListLocksOptions = {}): Promise<ListedLock[]> {
  checkOptions(options);
  const { health = {}, ...place } = options;
  checkHealthQuestion(health);
  const unreadable: ListedLock[] = [];
  const files = lockFiles(place, unreadable);
  const ownPath = place.lockFile === undefined;
  return [...(await Promise.all(files.map((path) => look(path, ownPath, health)))), ...unreadable];
}

/**
 * The state directories that these options and this environment mean: the one that is named, else `~/.<app>` and
 * every `~/.<app>-<profile>` that there is.
 *
 * @throws what {@link listLocks} throws
 */
export function listStateDirectories(options: Omit<ListLocksOptions, 'health'> = {}): string[] {
  return stateDirectories(options, []);
}

function lockFiles(options: Place, unreadable: ListedLock[]): string[] {
  if (options.lockFile !== undefined) return readGatewayOptions(options).lockPaths.map((path) => path());
  return lockDirectories(options, unreadable).flatMap((directory) =>
    entriesOf(directory, unreadable)
      .filter(({ name }) => /^gateway\..*\.lock$/.test(name))
      .map(({ name }) => join(directory, name)),
  );
}

/** Of all users: `<app>`, `<app>-<uid>`. */
function lockDirectories(options: Place, unreadable: ListedLock[]): string[] {
  if (options.lockDir !== undefined) return [resolveGatewayPaths(options).lockDir];
  const { app = 'gateway' } = options;
  const parents = stateDirectories(options, unreadable).map((stateDir) => join(stateDir, 'tmp'));
  return parents.flatMap((parent) =>
    entriesOf(parent, unreadable)
      .filter((entry) => entry.isDirectory() && isLockDirectory(app, entry.name))
      .map(({ name }) => join(parent, name)),
  );
}

function stateDirectories(options: Place, unreadable: ListedLock[]): string[] {
  const { app = 'gateway', profile, stateDir, env = process.env } = options;
  const named = resolveGatewayPaths(options).stateDir;
  if ((profile ?? stateDir ?? envValue(env, app, 'STATE_DIR')) !== undefined) return [named];
  const home = homedir();
  const profiles = entriesOf(home, unreadable).filter(({ name }) => name.startsWith(`.${app}-`));
  const directories = profiles.flatMap(({ name }) => followed(join(home, name), unreadable));
  return [...new Set([named, ...directories])];
}

/** As a gateway names it, so that each is there once: a profile's directory may be a link. */
function followed(directory: string, unreadable: ListedLock[]): string[] {
  try {
    return [canonicalPath(directory)];
  } catch (cause) {
    unreadable.push({ path: directory, ...UNREADABLE, cause });
    return [];
  }
}

function entriesOf(directory: string, unreadable: ListedLock[]): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') unreadable.push({ path: directory, ...UNREADABLE, cause });
    return [];
  }
}

const NOWHERE = { host: null, port: null, listening: null, health: null } as const;
const UNREADABLE = {
  state: 'unreadable',
  heldBy: null,
  owner: null,
  ownerAlive: null,
  command: null,
  ...NOWHERE,
} as const;

async function look(path: string, ownPath: boolean, question: HealthCheckOptions): Promise<ListedLock> {
  try {
    // Files of other users are looked at, too: those whose locks keep a gateway of ours from starting.
    const { state, heldBy, owner, ownerAlive } = probeTarget({ path, endpoint: undefined, ownPath }, 'everyone');
    // A dead owner's record in a file that is held names a port of the past.
    const known = state === 'held' && ownerAlive !== false && owner?.port != null;
    const place = known ? await askPlace(owner, ownerAlive, question) : NOWHERE;
    const command = ownerAlive === true ? commandOf(owner!.pid) : null;
    return { path, state, heldBy, owner, ownerAlive, command, ...place, cause: null };
  } catch (cause) {
    return { path, ...UNREADABLE, cause };
  }
}

async function askPlace(owner: OwnerRecord, ownerAlive: boolean | null, question: HealthCheckOptions) {
  const { host, port } = holderPlace({ owner, ownerAlive, host: '127.0.0.1', port: owner.port! });
  const listening = (await probePort({ host, port })).state === 'listening';
  const health = listening ? await probeHealth({ ...question, host, port }) : null;
  return { host, port, listening, health };
}

/** Who has retitled itself leaves more than one NUL at the end. */
function commandOf(pid: number): readonly string[] | null {
  const words = native().commandLine(pid).replace(/\0+$/, '');
  return words === '' ? null : words.split('\0');
}
