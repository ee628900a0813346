// What the command exits with. Names and numbers of sysexits.h where it has one.
import { CommanderError } from 'commander';
import { GatewayLockError, LockError } from '../index.js';

export const EXIT = {
  ok: 0,
  failed: 1,
  /** EX_USAGE */
  usage: 64,
  /** EX_TEMPFAIL: somebody else has it; later it may work. */
  held: 75,
  /** EX_CONFIG: a healthy gateway was left in control; systemd is not to start this one again. */
  leave: 78,
  /** As shells have it: the program was found and cannot be run. */
  cannotRun: 126,
  /** As shells have it: there is no such program. */
  notFound: 127,
} as const;

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { code, exitCode, syscall = '' } = error as NodeJS.ErrnoException & { exitCode?: number };
  if (isForeignFile(error)) return EXIT.usage;
  if (exitCode !== undefined) return exitCode;
  if (/^(spawn|execve)/.test(syscall)) return code === 'ENOENT' ? EXIT.notFound : EXIT.cannotRun;
  if (code?.startsWith('ERR_INVALID_ARG') || code === 'ERR_OUT_OF_RANGE') return EXIT.usage;
  return EXIT.failed;
}

/** The path that the caller named as a lock holds something else. */
function isForeignFile(error: unknown): boolean {
  const { code, cause } = error as NodeJS.ErrnoException & { cause?: unknown };
  return code === 'ERR_LOCK_INVALID_FILE' || (cause instanceof Error && isForeignFile(cause));
}

/** Somebody else has the lock or the port. */
export function isHeld(error: unknown): error is LockError {
  if (error instanceof GatewayLockError) {
    return error.code === 'ERR_GATEWAY_LOCKED' || error.code === 'ERR_GATEWAY_PORT_IN_USE';
  }
  return error instanceof LockError && error.code === 'ERR_LOCK_TIMEOUT';
}
