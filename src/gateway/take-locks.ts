// The lock half of the transaction: state lock, then config lock, with one deadline for both.
import { monotonicMs } from '../clock.js';
import { GatewayLockError, LockError, type OwnerRecord } from '../errors.js';
import { acquireAtOnce, acquireInTurn } from '../lock/acquire.js';
import type { AttemptRequest } from '../lock/attempt.js';
import type { FileLock } from '../lock/file-lock.js';
import { Graces } from '../lock/graces.js';
import { toLockError } from '../lock/lock-error.js';
import { type RecordHead, recordHead } from '../lock/owner-record.js';
import { pause } from '../lock/pause.js';
import { probeLock } from '../lock/probe-lock.js';
import { PAUSES_MS } from '../lock/prober-grace.js';
import { native } from '../native/load.js';
import { isProcessAlive, portAnswers, portOwner } from './ask-port.js';
import { lockedError, lockFailedError, portInUseError } from './gateway-error.js';
import type { GatewayRequest } from './gateway-options.js';

/** Takes every lock of the request into `taken`, so that the caller can undo a half-done transaction. */
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
      const asked = attemptOf(path, head, request);
      taken.push(acquireAtOnce(asked, timeoutMs) ?? (await waitForLock(asked, request, timeoutMs)));
    } catch (error) {
      throw explain(error, path, request);
    }
  }
}

function attemptOf(path: string, head: RecordHead, { host, port, weakFileSystem }: GatewayRequest): AttemptRequest {
  return { path, mode: 'exclusive', head, weakFileSystem, endpoint: { host, port }, graces: new Graces() };
}

/** Undoes a transaction that failed. A file that cannot be removed is left: it blocks nothing. */
export function letLocksGo(taken: readonly FileLock[]): void {
  for (const lock of taken.toReversed()) {
    try {
      lock.release();
    } catch {
      lock.abandon();
    }
  }
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

/**
 * Called while the lock is held. Fails at once if the holder lives and the port is in use: waiting would not help. Waits for
 * a holder that is starting, closing or dying.
 */
function contentionPolicy(path: string, request: GatewayRequest): () => Promise<void> {
  let announced = false;
  return async () => {
    if (request.whenListening === 'fail' && request.bind && portAnswers(request)) refuseLivingHolder(path, request);
    if (announced) return;
    announced = true;
    await request.onWait?.({ lockPath: path, ...holderOf(path) });
  };
}

/** @throws {GatewayLockError} `ERR_GATEWAY_PORT_IN_USE` */
function refuseLivingHolder(path: string, request: GatewayRequest): void {
  const { state, owner, ownerAlive } = probeLock(path);
  // Released since the attempt: the next one decides.
  if (state !== 'held') return;
  const listenerPid = listenerOf(request, { owner, ownerAlive });
  if (isDying({ owner, ownerAlive, listenerPid })) return;
  throw portInUseError(request, { lockPath: path, owner, ownerAlive, listenerPid });
}

/**
 * A killed process keeps lock and port until the kernel has taken back its memory, which takes seconds for gigabytes.
 * Asks for a living owner again: it may have been killed while the listener was looked for.
 */
function isDying({ owner, ownerAlive, listenerPid }: HeldPort): boolean {
  if (ownerAlive === true) return !isProcessAlive(owner!.pid);
  return ownerAlive === false || (listenerPid !== null && !isProcessAlive(listenerPid));
}

/** Uses the record if it names this port. Searching all processes for the socket takes milliseconds. */
function listenerOf(request: GatewayRequest, { owner, ownerAlive }: Omit<HeldPort, 'listenerPid'>): number | null {
  const said = ownerAlive === true && owner?.kernelLock === true && owner.port === request.port;
  return said ? owner.pid : portOwner(request);
}

interface HeldPort {
  readonly owner: OwnerRecord | null;
  readonly ownerAlive: boolean | null;
  readonly listenerPid: number | null;
}

function holderOf(path: string) {
  const { owner, ownerAlive } = probeLock(path);
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
