// The exit codes of the command line. Codes that also exist in sysexits.h have the same numbers.
import { type Command, CommanderError } from 'commander';
import { GatewayLockError, LockError } from '../index.js';
import { addHelpSection } from './help-sections.js';

export const EXIT = {
  ok: 0,
  failed: 1,
  /** EX_USAGE */
  usage: 64,
  /** EX_TEMPFAIL: the lock or the port is in use. A later attempt may succeed. */
  held: 75,
  /** EX_CONFIG: a healthy gateway is already running, so systemd must not restart this process. */
  leave: 78,
  /** The program exists but cannot be run, as in shells. */
  cannotRun: 126,
  /** The program does not exist, as in shells. */
  notFound: 127,
} as const;

/** Adds the list of exit codes to the help of `command`. */
export function withExitCodes(command: Command, codes: readonly (readonly [number | string, string])[]): Command {
  const items = codes.map(([code, text]) => [String(code), text] as const);
  return addHelpSection(command, { title: 'Exit codes', items });
}

/** Returns an error with the exit code of a usage error. */
export function usageError(text: string): Error {
  return Object.assign(new Error(text), { exitCode: EXIT.usage });
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { code, exitCode, syscall = '' } = error as NodeJS.ErrnoException & { exitCode?: number };
  if (isForeignFile(error)) return EXIT.usage;
  if (exitCode !== undefined) return exitCode;
  if (/^(spawn|execve)/.test(syscall)) return code === 'ENOENT' ? EXIT.notFound : EXIT.cannotRun;
  if (code?.startsWith('ERR_INVALID_ARG') || code === 'ERR_OUT_OF_RANGE') return EXIT.usage;
  return EXIT.failed;
}

/** Returns true if the lock path names a file that is not a lock file. */
function isForeignFile(error: unknown): boolean {
  const { code, cause } = error as NodeJS.ErrnoException & { cause?: unknown };
  return code === 'ERR_LOCK_INVALID_FILE' || (cause instanceof Error && isForeignFile(cause));
}

/** Returns true if another process holds the lock or uses the port. */
export function isHeld(error: unknown): error is LockError {
  if (error instanceof GatewayLockError) {
    return error.code === 'ERR_GATEWAY_LOCKED' || error.code === 'ERR_GATEWAY_PORT_IN_USE';
  }
  return error instanceof LockError && error.code === 'ERR_LOCK_TIMEOUT';
}
