// Replaces a running gateway by a successor, a new process that inherits the locks and the
// listening socket. On Windows the successor gets the socket, and acquires the released locks. At any
// time at most one of the two processes may write the state, and at least one has the socket open,
// so that no client is refused.
import type { BoundListener } from '../bind/bound-listener.js';
import { LockError, type UpgradeState } from '../errors.js';
import type { FileLock } from '../lock/internal.js';
import { childrenInherit, socketsAreSent } from '../native/platform.js';
import { sleep } from '../sleep.js';
import { assertHeld, assertInheritable } from './inheritance.js';
import { notifyServiceManager } from './service-manager.js';
import { type Bequeathed, type Failure, Successor } from './upgrade/successor.js';
import {
  readUpgradeOptions,
  type UpgradeOptions,
  type UpgradeOutcome,
  type UpgradeRequest,
} from './upgrade/upgrade-options.js';

/** The upgrades of one gateway. */
export class Upgrades {
  readonly #locks: readonly FileLock[];
  readonly #listener: BoundListener | null;
  readonly #leave: () => Promise<void>;
  /** The successor that runs and has not taken over. */
  #successor: Successor | null = null;
  /** The result of the caller's `drain` in the last upgrade that called it. */
  #drained: Promise<unknown> = Promise.resolve();
  #closing = false;

  /** @param leave gives up the locks and the sockets in favour of the successor */
  constructor(locks: readonly FileLock[], listener: BoundListener | null, leave: () => Promise<void>) {
    this.#locks = locks;
    this.#listener = listener;
    this.#leave = leave;
  }

  /** True while there is a successor that has not taken over. */
  get inProgress(): boolean {
    return this.#successor !== null;
  }

  /** @see GatewayLock.upgrade */
  async start(options: UpgradeOptions): Promise<UpgradeOutcome> {
    const request = readUpgradeOptions(options);
    request.signal?.throwIfAborted();
    assertUpgradable(this.#locks[0]!);
    assertHeld(this.#locks);
    if (this.#successor !== null) return kept({ reason: 'in-progress' }, this.#successor.pid);
    // Step 15 of docs/protocol.md.
    const started = startSuccessor(request, this.#bequeathed());
    if (!(started instanceof Successor)) {
      this.#record(null, { phase: 'kept', reason: started.reason });
      return kept(started, null);
    }
    return this.#replaceBy(this.#watch(started), request);
  }

  /** Ends the successor before this gateway closes, because the end of the channel would commit. */
  async stop(): Promise<void> {
    this.#closing = true;
    await this.#successor?.stop();
  }

  /** @throws {Error} `ERR_INVALID_STATE` if no server listens yet, on Windows */
  #bequeathed(): Bequeathed {
    const listener = this.#listener;
    if (!socketsAreSent) return { sockets: listener?.sockets ?? [], locks: this.#locks.map((lock) => lock.fd) };
    const handles = listener?.handles ?? [];
    if (listener === null || handles.length > 0) return { handles };
    const text = 'on Windows only the socket of a server can be passed to a successor: call listen() first';
    throw Object.assign(new Error(text), { code: 'ERR_INVALID_STATE' });
  }

  #watch(successor: Successor): Successor {
    this.#successor = successor;
    void successor.gone.then(() => {
      if (this.#successor === successor) this.#successor = null;
    });
    return successor;
  }

  async #replaceBy(successor: Successor, request: UpgradeRequest): Promise<UpgradeOutcome> {
    try {
      const failure = (await this.#prepare(successor, request)) ?? (await this.#drain(successor, request));
      if (failure === null) return await this.#commit(successor);
      await this.#keep(successor, failure.reason);
      return kept(failure, successor.pid);
    } catch (error) {
      await this.#keep(successor, request.signal?.aborted ? 'aborted' : 'failed');
      throw error;
    }
  }

  /** Waits until the successor is ready. Returns why it does not take over, or null. */
  #prepare(successor: Successor, request: UpgradeRequest): Promise<Failure | null> {
    if (successor.pid !== null) this.#record(successor.pid, { phase: 'starting' });
    return firstOf([successor.reported, successor.lost], request.readyTimeoutMs, request.signal);
  }

  /**
   * Step 18 of docs/protocol.md. Stops accepting, and waits for open connections and the caller's
   * hook.
   */
  async #drain(successor: Successor, request: UpgradeRequest): Promise<Failure | null> {
    this.#record(successor.pid, { phase: 'draining' });
    await this.#listener?.pause(successor.takeCopies());
    const connectionsEnded = this.#listener?.drain(request.graceMs) ?? Promise.resolve();
    this.#drained = (async () => request.drain(connectionsEnded))();
    const drained = Promise.all([this.#drained, connectionsEnded]).then(() => null);
    const failure = await firstOf([drained, successor.lost], Number.POSITIVE_INFINITY, request.signal);
    request.signal?.throwIfAborted();
    // After close() has begun to end the successor, an upgrade would free the locks before close()
    // has run its own drain step.
    return this.#closing || successor.isLost ? await successor.lost : failure;
  }

  /**
   * Step 19 of docs/protocol.md. Closes the locks and the sockets, and the channel last, because its
   * end is the commit.
   */
  async #commit(successor: Successor): Promise<UpgradeOutcome> {
    this.#successor = null;
    // systemd accepts this from the main process only, so it must come before the exit.
    notifyServiceManager(`MAINPID=${successor.pid}`);
    await this.#leave();
    successor.commit();
    return { outcome: 'upgraded', pid: successor.pid! };
  }

  /**
   * Step 21 of docs/protocol.md. Accepts again, and ends the successor without waiting for its end.
   * Waits for the caller's hook, which must not go on after the caller knows the outcome.
   */
  async #keep(successor: Successor, reason: string): Promise<void> {
    this.#record(successor.pid, { phase: 'kept', reason });
    void successor.stop();
    if (!this.#closing) await this.#listener?.resume();
    await this.#drained.catch(() => {});
  }

  /** Writes the progress to the owner records, for `gateway-lock status` and `reload`. */
  #record(pid: number | null, progress: Pick<UpgradeState, 'phase' | 'reason'>): void {
    try {
      const upgrade = { pid, ...progress, since: new Date().toISOString() };
      for (const lock of this.#locks) lock.updateOwner({ upgrade });
    } catch {
      // The record is only a hint. A full disk, for example, must not prevent the upgrade.
    }
  }
}

/** @throws {LockError} `ERR_LOCK_UNSUPPORTED` if this runtime cannot start a successor */
function assertUpgradable(lock: FileLock): void {
  if (socketsAreSent) return;
  assertInheritable(lock);
  if (childrenInherit) return;
  const text = `the lock at '${lock.path}' cannot be passed to a successor: this runtime starts children without it`;
  throw new LockError('ERR_LOCK_UNSUPPORTED', `${text}. Use Node, or restart the gateway`, { path: lock.path });
}

/** Returns the failure if the system refuses to start the program. */
function startSuccessor(request: UpgradeRequest, bequeathed: Bequeathed): Successor | Failure {
  try {
    return new Successor(request, bequeathed);
  } catch (error) {
    // For example E2BIG. Node reports most errors of a spawn in an event.
    if ((error as NodeJS.ErrnoException).syscall?.startsWith('spawn') !== true) throw error;
    return { reason: 'exited', cause: error };
  }
}

function kept(failure: Failure, pid: number | null): UpgradeOutcome {
  return { outcome: 'kept', pid, ...failure };
}

/**
 * Resolves with the result of the first promise that resolves, or with a time-out.
 *
 * @throws `signal.reason` as soon as the signal aborts
 */
async function firstOf(
  results: readonly Promise<Failure | null>[],
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Failure | null> {
  const over = new AbortController();
  const timedOut = sleep(timeoutMs, AbortSignal.any([over.signal, ...(signal === undefined ? [] : [signal])]));
  timedOut.catch(() => {});
  try {
    return await Promise.race([...results, timedOut.then((): Failure => ({ reason: 'timed-out' }))]);
  } finally {
    over.abort();
  }
}
