// The lock half of the transaction: state lock, then config lock, with one deadline for both.
import { monotonicMs } from '../clock.js';
import { GatewayLockError, LockError } from '../errors.js';
import { acquireAtOnce, acquireInTurn } from '../lock/acquire.js';
import type { FileLock } from '../lock/file-lock.js';
import { Graces } from '../lock/graces.js';
import { toLockError } from '../lock/lock-error.js';
import type { AttemptRequest } from '../lock/lock-options.js';
import { type RecordHead, recordHead } from '../lock/owner-record.js';
import { pause } from '../lock/pause.js';
import { probe } from '../lock/probe-lock.js';
import { PAUSES_MS } from '../lock/prober-grace.js';
import { native } from '../native/load.js';
import { portAnswers, portOwner } from './ask-port.js';
import { lockedError, lockFailedError, portInUseError } from './gateway-error.js';
import type { GatewayRequest } from './gateway-options.js';
import { attemptRequestOf, type ProbedLock, probeRequestOf } from './lock-requests.js';
import { waitForSiblings } from './sibling-locks.js';

/** Steps 9 to 11 of docs/protocol.md. Acquires every lock into `taken`, so that the caller can undo a failed start. */
export async function takeLocks(request: GatewayRequest, taken: FileLock[]): Promise<void> {
  await prepareDirectory(request);
  const deadline = monotonicMs() + request.timeoutMs;
  let head: RecordHead | undefined;
  for (const pathOf of request.lockPaths) {
    request.signal?.throwIfAborted();
    const path = pathOf();
    const timeoutMs = Math.max(0, deadline - monotonicMs());
    try {
      head ??= recordHead(request.owner);
      const asked = attemptRequestOf(path, head, request);
      taken.push(acquireAtOnce(asked, timeoutMs) ?? (await waitForLock(asked, request, timeoutMs)));
      if (taken.length === 1) await waitForSiblings(request, deadline, siblingPolicy(request));
    } catch (error) {
      throw explain(error, path, request);
    }
  }
}

/** Undoes a transaction that failed: only files that it created are removed. */
export function letLocksGo(taken: readonly FileLock[]): void {
  for (const lock of taken.toReversed()) lock.undo();
}

async function prepareDirectory(request: GatewayRequest): Promise<void> {
  if (request.paths === null) return;
  const { lockDir, ownLockDir } = request.paths;
  for (const graces = new Graces(); ; await pause(PAUSES_MS.passing, request.signal)) {
    try {
      return native().ensureLockDirectory(lockDir, ownLockDir);
    } catch (error) {
      if (!graces.coverDenial(error)) throw lockFailedError(request, lockDir, toLockError(error, lockDir));
    }
  }
}

function waitForLock(asked: AttemptRequest, request: GatewayRequest, timeoutMs: number): Promise<FileLock> {
  const onContended = contentionPolicy(asked.path, request);
  return acquireInTurn(asked, { timeoutMs, signal: request.signal, onContended });
}

/** Fails fast: if the port answers, the holder is running, and there is nothing to wait for. Otherwise it is starting or closing. */
function contentionPolicy(path: string, request: GatewayRequest): () => Promise<void> {
  const onHeld = siblingPolicy(request);
  return () => onHeld({ lockPath: path, ...readHolder(path, request) });
}

/** The same for a holder that has been probed already. */
function siblingPolicy(request: GatewayRequest): (holder: ProbedLock) => Promise<void> {
  let announced = false;
  return async (holder) => {
    if (request.whenListening === 'fail' && request.bind && portAnswers(request)) {
      throw portInUseError(request, { ...holder, listenerPid: listenerOf(request, holder) });
    }
    if (announced) return;
    announced = true;
    await request.onWait?.(holder);
  };
}

/** Mostly the holder says that it is he. Looking through every process for the one that has a socket takes milliseconds. */
function listenerOf(request: GatewayRequest, { owner, ownerAlive }: ReturnType<typeof readHolder>): number | null {
  const said = ownerAlive === true && owner?.kernelLock === true && owner.port === request.port;
  return said ? owner.pid : portOwner(request);
}

function readHolder(path: string, request: GatewayRequest) {
  const { owner, ownerAlive } = probe(probeRequestOf(path, request));
  return { owner, ownerAlive };
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
