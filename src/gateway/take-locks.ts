// The lock half of the transaction: state lock, then config lock, with one deadline for both.
import { monotonicMs } from '../clock.js';
import { GatewayLockError, LockError } from '../errors.js';
import {
  type AttemptRequest,
  acquireAtOnce,
  acquireInTurn,
  createRequest,
  ensureLockDirectory,
  type FileLock,
  probeTarget,
  recordHead,
  toLockError,
} from '../lock/internal.js';
import { contentionPolicy } from './contention-policy.js';
import { lockedError, lockFailedError } from './gateway-error.js';
import type { GatewayRequest } from './gateway-options.js';
import { lockTarget, type ProbedLock } from './lock-requests.js';
import { waitForSiblings } from './sibling-locks.js';
import { refuseHomeOfOther } from './sudo-home.js';

/** Steps 9 to 11 of docs/protocol.md. Acquires every lock into `taken`, so that the caller can undo a failed start. */
export async function takeLocks(request: GatewayRequest, taken: FileLock[]): Promise<void> {
  await prepareDirectory(request);
  const deadline = monotonicMs() + request.timeoutMs;
  let head: string | undefined;
  for (const pathOf of request.lockPaths) {
    request.signal?.throwIfAborted();
    const path = pathOf();
    const timeoutMs = Math.max(0, deadline - monotonicMs());
    try {
      head ??= recordHead(request.owner);
      const asked = createRequest(lockTarget(path, request), head, request.weakFileSystem);
      taken.push(acquireAtOnce(asked, timeoutMs) ?? (await waitForLock(asked, request, timeoutMs)));
      if (taken.length === 1) await waitForSiblings(request, deadline);
    } catch (error) {
      throw explain(error, path, request);
    }
  }
}

/** Undoes a transaction that failed: only files that it created are removed. */
export function releaseAll(taken: readonly FileLock[]): void {
  for (const lock of taken.toReversed()) lock.undo();
}

async function prepareDirectory(request: GatewayRequest): Promise<void> {
  if (request.paths === null) return;
  const { lockDir, ownLockDir } = request.paths;
  try {
    if (ownLockDir) refuseHomeOfOther(lockDir);
    await ensureLockDirectory(lockDir, ownLockDir, request.signal);
  } catch (error) {
    request.signal?.throwIfAborted();
    throw lockFailedError(request, lockDir, toLockError(error, lockDir));
  }
}

function waitForLock(asked: AttemptRequest, request: GatewayRequest, timeoutMs: number): Promise<FileLock> {
  const onContended = contentionPolicy(request, () => readHolder(asked.path, request));
  return acquireInTurn(asked, { timeoutMs, signal: request.signal, onContended });
}

/** Unknown while another program has a lease on the file. */
function readHolder(lockPath: string, request: GatewayRequest): ProbedLock | null {
  try {
    const { state, owner, ownerAlive } = probeTarget(lockTarget(lockPath, request));
    return state === 'held' ? { lockPath, owner, ownerAlive } : null;
  } catch (error) {
    if ((error as { detail?: string }).detail !== 'file-lease') throw error;
    return { lockPath, owner: null, ownerAlive: null };
  }
}

function explain(error: unknown, path: string, request: GatewayRequest): unknown {
  if (request.signal?.aborted) return request.signal.reason;
  if (error instanceof GatewayLockError) return error;
  if (error instanceof LockError && error.code === 'ERR_LOCK_TIMEOUT') {
    const { owner, ownerAlive } = error;
    return lockedError(request, request.timeoutMs, { lockPath: path, owner, ownerAlive, cause: error });
  }
  // Anything else, such as what the caller's onWait threw, is not ours to rename.
  const system = (error as NodeJS.ErrnoException | undefined)?.syscall !== undefined;
  return error instanceof LockError || system ? lockFailedError(request, path, error) : error;
}
