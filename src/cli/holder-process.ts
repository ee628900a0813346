// The processes behind a held lock, and signals to them. A signal never reaches a process that only
// has the same pid.
import { constants } from 'node:os';
import type { KeeperReference, OwnerRecord, ProcessReference } from '../index.js';
import { type GatewayLockProbe, native, signalsCanBeRelayed } from '../internal.js';
import { EXIT } from './exit-codes.js';

/** Returns the `gateway-lock run` in the record. Returns null if there is none, or it has ended. */
export function livingKeeper({ keeper }: OwnerRecord): KeeperReference | null {
  if (keeper === undefined || native().processStartToken(keeper.pid) !== keeper.startToken) return null;
  return keeper;
}

/**
 * Returns the process that the record names.
 *
 * @throws {Error} with exit code 1 if that process cannot be told apart from others, or does not
 *   hold the lock
 */
export function recordedHolder({ owner, ownerAlive, lockPath }: GatewayLockProbe): ProcessReference {
  if (owner === null) throw failure(`the lock file does not name its holder: ${lockPath}`);
  const { pid, startTime } = owner;
  if (ownerAlive === false)
    throw failure(`pid ${pid} has ended, but another process keeps the lock${holdersText(lockPath)}`);
  if (ownerAlive === null || startTime === null)
    throw failure(`pid ${pid} may run in another container or on another host. Stop it there`);
  return { pid, startToken: startTime };
}

/**
 * Sends a signal to a process that holds the lock. Returns false if the process has ended.
 *
 * @throws {Error} with exit code 1 if the process does not hold the lock, because any program may
 *   have written the record
 * @throws {Error} the system's error, for example EPERM
 */
export function signalHolder(lockPath: string, target: ProcessReference, signal: NodeJS.Signals): boolean {
  const { pid } = target;
  const holders = native().findLockHolders(lockPath);
  if (holders.length > 0 && !holders.includes(pid))
    throw failure(`pid ${pid} does not hold the lock, although the lock file names it${holdersText(lockPath)}`);
  return signalProcess(target, signal);
}

/**
 * Sends a signal to a process. Returns false if the process has ended.
 *
 * @throws {Error} the system's error, for example EPERM
 */
export function signalProcess({ pid, startToken }: ProcessReference, signal: NodeJS.Signals): boolean {
  if (signalsCanBeRelayed) return native().sendSignal(pid, startToken, constants.signals[signal]);
  // On Windows every signal terminates the process.
  if (native().processStartToken(pid) !== startToken) return false;
  return process.kill(pid, signal);
}

/** Returns ` (held by pid 12, 13)`, or '' if the holders are unknown. */
export function holdersText(lockPath: string): string {
  const holders = native().findLockHolders(lockPath);
  return holders.length === 0 ? '' : ` (held by pid ${holders.join(', ')})`;
}

export function failure(text: string): Error {
  return Object.assign(new Error(text), { exitCode: EXIT.failed });
}
