// The options and the outcome of an upgrade.
import type { IOType } from 'node:child_process';
import type { Stream } from 'node:stream';
import {
  checkFunction,
  checkOptions,
  checkPath,
  checkSignal,
  checkTimeout,
  invalidType,
  invalidValue,
  type OptionNames,
  outOfRange,
} from '../../arguments.js';
import type { Drain } from '../../bind/close-server.js';
import type { Env } from '../app-environment.js';

/**
 * Where a standard stream of the successor goes, as in `child_process.spawn()`.
 *
 * @example
 * const stdio: UpgradeStream = 'inherit';
 * const options: UpgradeOptions = { stdio };
 * console.log(options.stdio);
 */
export type UpgradeStream = Exclude<IOType, 'pipe' | 'overlapped' | 'ipc'> | Stream | number;

/**
 * Options of `upgrade()`.
 *
 * @example
 * const options: UpgradeOptions = { readyTimeoutMs: 30_000, graceMs: 10_000 };
 * console.log(options.graceMs);
 */
export interface UpgradeOptions {
  /**
   * The successor's program and arguments. PATH is searched.
   *
   * @default the command line of this process
   */
  readonly command?: readonly string[] | undefined;
  /**
   * The environment of the successor.
   *
   * @default process.env
   */
  readonly env?: Env | undefined;
  /**
   * The working directory of the successor.
   *
   * @default the working directory of this process
   */
  readonly cwd?: string | undefined;
  /**
   * The successor's stdin, stdout and stderr.
   *
   * @default 'inherit'
   */
  readonly stdio?: UpgradeStream | readonly [UpgradeStream, UpgradeStream, UpgradeStream] | undefined;
  /**
   * Milliseconds within which the successor must call `ready()` or `listen()`.
   *
   * @default 60000
   */
  readonly readyTimeoutMs?: number | undefined;
  /**
   * Milliseconds to wait for open connections to end before they are destroyed. No gateway accepts
   * new connections meanwhile: clients wait.
   *
   * @default 5000
   */
  readonly graceMs?: number | undefined;
  /**
   * Called when this gateway has stopped accepting. Ask long-lived clients to leave, and write
   * everything to the state that the successor must find there: the successor goes on only after
   * the returned promise. `connectionsEnded` resolves when the last connection has ended, at the
   * latest after `graceMs`.
   */
  readonly drain?: Drain | undefined;
  /** Gives up the upgrade, unless the successor has already taken over. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS: OptionNames<UpgradeOptions> = {
  command: true,
  env: true,
  cwd: true,
  stdio: true,
  readyTimeoutMs: true,
  graceMs: true,
  drain: true,
  signal: true,
};

/**
 * The result of an upgrade. `upgraded`: the successor has the locks and the socket; this process
 * should exit. `kept`: this gateway keeps its locks and accepts connections.
 *
 * @example
 * const describe = (result: UpgradeOutcome) =>
 *   result.outcome === 'upgraded' ? `replaced by pid ${result.pid}` : `kept: ${result.reason}`;
 * console.log(describe({ outcome: 'kept', reason: 'timed-out', pid: 4711 }));
 */
export type UpgradeOutcome =
  | { readonly outcome: 'upgraded'; readonly pid: number }
  | {
      readonly outcome: 'kept';
      readonly reason: UpgradeFailure;
      /** The pid of the successor; null if its program could not be started. */
      readonly pid: number | null;
      /** The exit code of a successor that has exited; null if a signal ended it. */
      readonly exitCode?: number | null;
      /** The signal that ended the successor; null if it exited by itself. */
      readonly signal?: NodeJS.Signals | null;
      readonly cause?: unknown;
    };

/**
 * Why this gateway was kept. `in-progress`: an earlier successor has not exited yet. `exited`: the
 * successor exited, or its program could not be started. `timed-out`: the successor did not become
 * ready in time. `not-adopted`: the successor did not accept the locks or the socket.
 *
 * @example
 * const isWorthRetrying = (reason: UpgradeFailure) => reason === 'in-progress' || reason === 'timed-out';
 * console.log(isWorthRetrying('exited'));
 */
export type UpgradeFailure = 'in-progress' | 'exited' | 'timed-out' | 'not-adopted';

/** The checked options of an upgrade. */
export interface UpgradeRequest {
  readonly command: readonly [string, ...string[]];
  readonly env: Env;
  readonly cwd: string | undefined;
  readonly stdio: readonly UpgradeStream[];
  readonly readyTimeoutMs: number;
  readonly graceMs: number;
  readonly drain: Drain;
  readonly signal: AbortSignal | undefined;
}

/**
 * @throws {TypeError} `ERR_INVALID_ARG_*`
 * @throws {RangeError} `ERR_OUT_OF_RANGE`
 */
export function readUpgradeOptions(options: UpgradeOptions): UpgradeRequest {
  checkOptions(options, OPTIONS);
  return {
    command: checkCommand(options.command ?? [process.execPath, ...process.execArgv, ...process.argv.slice(1)]),
    env: options.env ?? process.env,
    cwd: options.cwd === undefined ? undefined : checkPath('cwd', options.cwd),
    stdio: checkStdio(options.stdio ?? 'inherit'),
    readyTimeoutMs: checkTimeout('readyTimeoutMs', options.readyTimeoutMs ?? 60_000),
    graceMs: checkTimeout('graceMs', options.graceMs ?? 5000),
    drain: checkFunction('drain', options.drain ?? (() => {})),
    signal: checkSignal(options.signal),
  };
}

function checkCommand(command: readonly string[]): UpgradeRequest['command'] {
  if (!Array.isArray(command)) throw invalidType('command', 'an array of strings', command);
  for (const word of command) {
    if (typeof word !== 'string') throw invalidType('command', 'an array of strings', word);
    if (word.includes('\0')) throw invalidValue('command', 'without NUL', word);
  }
  const [file, ...args] = command as string[];
  return [checkPath('command[0]', file!), ...args];
}

function checkStdio(stdio: NonNullable<UpgradeOptions['stdio']>): readonly UpgradeStream[] {
  const streams = Array.isArray(stdio) ? (stdio as readonly UpgradeStream[]) : [stdio as UpgradeStream];
  if (streams.length !== 1 && streams.length !== 3) throw outOfRange('stdio', 'one or three streams', streams.length);
  for (const stream of streams) {
    const known = typeof stream !== 'string' || ['inherit', 'ignore'].includes(stream);
    if (!known) throw invalidValue('stdio', "'inherit', 'ignore', a stream or a descriptor", stream);
  }
  return streams.length === 3 ? streams : [streams[0]!, streams[0]!, streams[0]!];
}
