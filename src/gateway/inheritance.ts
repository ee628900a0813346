// Passes the locks and the listening socket to another program, which is a child or replaces this
// process.
import type { PathLike } from 'node:fs';
import { checkOptions, checkPath, invalidType, invalidValue, type OptionNames } from '../arguments.js';
import type { BoundListener } from '../bind/bound-listener.js';
import { LockError } from '../errors.js';
import type { FileLock } from '../lock/internal.js';
import { native } from '../native/load.js';
import { programsInherit } from '../native/platform.js';
import type { Env } from './app-environment.js';
import type { ActivationSocket } from './inherited/activation.js';

/**
 * The descriptors and variables that a program needs to continue as the holder.
 *
 * @example
 * import { spawn } from 'node:child_process';
 *
 * const lock = await acquireGatewayLock();
 * const { descriptors }: Inheritance = lock.inheritance;
 * const child = spawn('sleep', ['0'], { stdio: ['inherit', 'inherit', 'inherit', ...descriptors] });
 * child.once('exit', () => lock.close());
 */
export interface Inheritance {
  /**
   * The descriptors of the listening sockets, then those of the locks. The program must receive
   * them in this order, starting at descriptor 3. For `child_process.spawn`: `stdio: ['inherit',
   * 'inherit', 'inherit', ...descriptors]`.
   */
  readonly descriptors: readonly number[];
  /**
   * The variables of socket activation (man 3 sd_listen_fds): LISTEN_FDS and LISTEN_FDNAMES. The
   * caller must add LISTEN_PID, the pid of the program. Empty if no socket is passed.
   */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * A program that replaces this process.
 *
 * @example
 * const program: ExecProgram = { path: process.execPath, args: ['node', 'server.js'] };
 * (await acquireGatewayLock()).exec(program);
 */
export interface ExecProgram {
  /** The path of the file to run. PATH is not searched. */
  readonly path: PathLike;
  /** The arguments, beginning with the name of the program. */
  readonly args: readonly string[];
  /**
   * The environment of the program.
   *
   * @default process.env
   */
  readonly env?: Env | undefined;
}

const PROGRAM: OptionNames<ExecProgram> = { path: true, args: true, env: true };

/**
 * @throws {Error} `ERR_INVALID_STATE` if a lock has been released
 * @throws {LockError} `ERR_LOCK_UNSUPPORTED` on Windows, where a program cannot inherit a lock
 */
export function inheritanceOf(locks: readonly FileLock[], listener: BoundListener | null): Inheritance {
  assertInheritable(locks[0]!);
  assertHeld(locks);
  const sockets = listener?.inheritable ?? [];
  const names = sockets.map(() => 'gateway').join(':');
  const environment = sockets.length === 0 ? {} : { LISTEN_FDS: String(sockets.length), LISTEN_FDNAMES: names };
  return { descriptors: [...sockets, ...locks.map((lock) => lock.fd)], environment };
}

/** @throws {Error} `ERR_INVALID_STATE` if a lock has been released */
export function assertHeld(locks: readonly FileLock[]): void {
  const released = locks.find((lock) => !lock.held);
  if (released === undefined) return;
  throw Object.assign(new Error(`the lock at '${released.path}' is released`), { code: 'ERR_INVALID_STATE' });
}

/** @throws {LockError} `ERR_LOCK_UNSUPPORTED` on Windows */
export function assertInheritable({ path }: FileLock): void {
  if (programsInherit) return;
  const text = `the lock at '${path}' cannot be handed over: on Windows it belongs to the process that acquired it`;
  throw new LockError('ERR_LOCK_UNSUPPORTED', `${text}. Keep this process running as long as the program`, { path });
}

/** Replaces this process with the program. Throws on failure; never returns on success. */
export function execAs(inheritance: Inheritance, program: ExecProgram): never {
  checkOptions(program, PROGRAM);
  const { path, args, env = process.env } = program;
  const listenPid = 'LISTEN_FDS' in inheritance.environment ? { LISTEN_PID: String(process.pid) } : {};
  const variables = Object.entries({ ...environmentWith(inheritance, env), ...listenPid });
  const environment = variables.filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${value}`);
  native().exec(
    checkPath('path', path),
    checkTexts('args', args),
    checkTexts('env', environment),
    inheritance.descriptors,
  );
  throw new Error('unreachable: exec() returned');
}

/** Returns `env` with its socket activation variables replaced by those in `inheritance`. */
export function environmentWith(inheritance: Inheritance, env: Env): Record<string, string | undefined> {
  const { LISTEN_PID: _, LISTEN_FDS: __, LISTEN_FDNAMES: ___, ...own } = env;
  return { ...own, ...inheritance.environment };
}

/** Adds sockets of another owner after those of `inheritance`. @internal */
export function withSockets(inheritance: Inheritance, added: readonly ActivationSocket[]): Inheritance {
  if (added.length === 0) return inheritance;
  const { descriptors, environment } = inheritance;
  const own = Number(environment['LISTEN_FDS'] ?? 0);
  const names = [...(own === 0 ? [] : [environment['LISTEN_FDNAMES']!]), ...added.map(({ name }) => name)].join(':');
  return {
    descriptors: [...descriptors.slice(0, own), ...added.map(({ fd }) => fd), ...descriptors.slice(own)],
    environment: { LISTEN_FDS: String(own + added.length), LISTEN_FDNAMES: names },
  };
}

/** Refuses a string that contains a NUL, because execve() would truncate it there. */
function checkTexts(name: string, values: readonly string[]): readonly string[] {
  if (!Array.isArray(values)) throw invalidType(name, 'an array of strings', values);
  for (const value of values) {
    if (typeof value !== 'string') throw invalidType(name, 'strings only', value);
    if (value.includes('\0')) throw invalidValue(name, 'without NUL', value);
  }
  return values;
}
