// Every lock of every gateway of this user: what an operator wants to see at once.
import { type Dirent, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { checkOptions } from '../arguments.js';
import type { OwnerRecord } from '../errors.js';
import { type LockProbe, probeLock } from '../lock/probe-lock.js';
import { native } from '../native/load.js';
import { type HealthProbe, type ProbeHealthOptions, probeHealth } from '../probe/probe-health.js';
import { probePort } from '../probe/probe-port.js';
import { type GatewayLockOptions, readGatewayOptions } from './gateway-options.js';
import { holderPlace } from './holder-place.js';
import { envValue } from './state-paths.js';

export interface ListLocksOptions
  extends Pick<GatewayLockOptions, 'app' | 'profile' | 'stateDir' | 'lockDir' | 'lockFile' | 'env'> {
  /** How health is asked. @default GET /healthz, 1000 ms */
  readonly health?: Omit<ProbeHealthOptions, 'host' | 'port'>;
}

export interface ListedLock {
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

/**
 * Looks at the lock files under the state directories: the one named by the options or the environment, else
 * `~/.<app>` and every `~/.<app>-<profile>`. Nothing is created, changed or kept.
 *
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE`; the system's own error when a directory
 *   that exists cannot be read
 */
export async function listLocks(options: ListLocksOptions = {}): Promise<ListedLock[]> {
  checkOptions(options);
  const { health = {}, ...place } = options;
  return await Promise.all(lockFiles(place).map((path) => look(path, health)));
}

function lockFiles(options: Omit<ListLocksOptions, 'health'>): string[] {
  if (options.lockFile !== undefined) return readGatewayOptions(options).lockPaths.slice();
  const directories =
    options.lockDir === undefined
      ? stateDirectories(options).flatMap((stateDir) => lockDirectories(stateDir, options.app ?? 'gateway'))
      : [readGatewayOptions(options).paths.lockDir];
  return directories.flatMap((directory) =>
    entriesOf(directory)
      .filter(({ name }) => /^gateway\..*\.lock$/.test(name))
      .map(({ name }) => join(directory, name)),
  );
}

function stateDirectories(options: Omit<ListLocksOptions, 'health'>): string[] {
  const { app = 'gateway', profile, stateDir, env = process.env } = options;
  const { paths } = readGatewayOptions(options);
  if ((profile ?? stateDir ?? envValue(env, app, 'STATE_DIR')) !== undefined) return [paths.stateDir];
  const home = homedir();
  const profiles = entriesOf(home).filter(({ name }) => name.startsWith(`.${app}-`));
  return [paths.stateDir, ...profiles.map(({ name }) => join(home, name))];
}

/** Of all users: `<app>`, `<app>-<uid>`. */
function lockDirectories(stateDir: string, app: string): string[] {
  const parent = join(stateDir, 'tmp');
  const own = (name: string) =>
    name === app || (name.startsWith(`${app}-`) && /^\d+$/.test(name.slice(app.length + 1)));
  return entriesOf(parent)
    .filter((entry) => entry.isDirectory() && own(entry.name))
    .map(({ name }) => join(parent, name));
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

async function look(path: string, question: Omit<ProbeHealthOptions, 'host' | 'port'>): Promise<ListedLock> {
  try {
    const { state, heldBy, owner, ownerAlive } = probeLock(path);
    const place = state === 'held' && owner?.port != null ? await askPlace(owner, ownerAlive, question) : NOWHERE;
    const command = ownerAlive === true ? commandOf(owner!.pid) : null;
    return { path, state, heldBy, owner, ownerAlive, command, ...place, cause: null };
  } catch (cause) {
    return { path, state: 'unreadable', heldBy: null, owner: null, ownerAlive: null, command: null, ...NOWHERE, cause };
  }
}

const NOWHERE = { host: null, port: null, listening: null, health: null } as const;

async function askPlace(
  owner: OwnerRecord,
  ownerAlive: boolean | null,
  question: Omit<ProbeHealthOptions, 'host' | 'port'>,
) {
  const { host, port } = holderPlace({ owner, ownerAlive, host: '127.0.0.1', port: owner.port! });
  const listening = (await probePort({ host, port })).state === 'listening';
  const health = listening ? await probeHealth({ ...question, host, port }) : null;
  return { host, port, listening, health };
}

function commandOf(pid: number): readonly string[] | null {
  const words = native().commandLine(pid).split('\0');
  if (words.at(-1) === '') words.pop();
  return words.length === 0 ? null : words;
}
