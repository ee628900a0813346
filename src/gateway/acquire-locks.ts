// The lock part of a gateway's start: acquires the state lock, then the config lock, with a shared
// deadline.
import { monotonicMs } from '../clock.js';
import { GatewayLockError, LockError } from '../errors.js';
import {
  type AttemptRequest,
  acquireAtOnce,
  acquireInTurn,
  createRequest,
  ensureLockDirectory,
  type FileLock,
  knownHolder,
  probeTarget,
  recordHead,
  toLockError,
} from '../lock/internal.js';
import { contentionPolicy } from './contention-policy.js';
import { lockedError, lockFailedError } from './gateway-error.js';
import type { GatewayWait } from './gateway-lock-options.js';
import type { GatewayRequest } from './gateway-options.js';
import { type LockLocation, lockTarget } from './lock-requests.js';
import { waitForSiblings } from './sibling-locks.js';
import { assertNoForeignParent } from './sudo-home.js';

/**
 * Steps 9 to 11 of docs/protocol.md. Adds each acquired lock to `acquired`, so that the caller can
 * undo a failed start.
 */
export async function acquireLocks(request: GatewayRequest, acquired: FileLock[]): Promise<void> {
  await prepareDirectory(request);
  const deadline = monotonicMs() + request.timeoutMs;
  let head: string | undefined;
  for (const pathOf of request.lockPaths) {
    request.signal?.throwIfAborted();
    const path = pathOf();
    const timeoutMs = Math.max(0, deadline - monotonicMs());
    try {
      head ??= recordHead(request.owner);
      const attempt = createRequest(lockTarget(path, request), head, request.weakFileSystem);
      acquired.push(acquireAtOnce(attempt, timeoutMs) ?? (await waitForLock(attempt, request, timeoutMs)));
      if (acquired.length === 1) await waitForSiblings(request, deadline);
    } catch (error) {
      throw toGatewayError(error, path, request);
    }
  }
}

/**
 * Undoes a failed start: releases the locks, and removes only the lock files that the start
 * created.
 */
export function undoLocks(acquired: readonly FileLock[]): void {
  for (const lock of acquired.toReversed()) lock.undo();
}

async function prepareDirectory(request: GatewayRequest): Promise<void> {
  if (request.paths === null) return;
  const { lockDir, ownLockDir } = request.paths;
  try {
    if (ownLockDir) assertNoForeignParent(lockDir);
    await ensureLockDirectory(lockDir, ownLockDir, request.signal);
  } catch (error) {
    request.signal?.throwIfAborted();
    throw lockFailedError(request, lockDir, toLockError(error, lockDir));
  }
}

function waitForLock(attempt: AttemptRequest, request: GatewayRequest, timeoutMs: number): Promise<FileLock> {
  const onContended = contentionPolicy(request, () => readHolder(attempt.path, request));
  return acquireInTurn(attempt, { timeoutMs, signal: request.signal, onContended });
}

/**
 * Returns a lock's holder, or null if the lock is free. If another program has a lease on the lock
 * file, returns a holder without an owner.
 */
function readHolder(lockPath: string, location: LockLocation): GatewayWait | null {
  try {
    const probed = probeTarget(lockTarget(lockPath, location));
    return probed.state === 'held' ? { lockPath, ...knownHolder(probed) } : null;
  } catch (error) {
    if ((error as { detail?: string }).detail !== 'file-lease') throw error;
    return { lockPath, owner: null, ownerAlive: null };
  }
}

function toGatewayError(error: unknown, path: string, request: GatewayRequest): unknown {
  if (request.signal?.aborted) return request.signal.reason;
  if (error instanceof GatewayLockError) return error;
  if (error instanceof LockError && error.code === 'ERR_LOCK_TIMEOUT') {
    return lockedError(request, request.timeoutMs, { lockPath: path, ...knownHolder(error), cause: error });
  }
  // An error from the caller's onWait is rethrown unchanged.
  const isSystemError = (error as NodeJS.ErrnoException | undefined)?.syscall !== undefined;
  return error instanceof LockError || isSystemError ? lockFailedError(request, path, error) : error;
}
