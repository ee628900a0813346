// Replaces a running gateway by a successor, a new process that inherits the locks and the
// listening socket. At any time at most one of the two processes may write the state, and at least
// one has the socket open, so that no client is refused.
import type { BoundListener } from '../bind/bound-listener.js';
import type { FileLock } from '../lock/internal.js';
import { sleep } from '../sleep.js';
import { inheritanceOf } from './inheritance.js';
import { type Failure, Successor } from './upgrade/successor.js';
import {
  readUpgradeOptions,
  type UpgradeOptions,
  type UpgradeOutcome,
  type UpgradeRequest,
} from './upgrade/upgrade-options.js';
import { recordUpgrade } from './upgrade/upgrade-record.js';

/** The upgrades of one gateway. */
export class Upgrades {
  readonly #locks: readonly FileLock[];
  readonly #listener: BoundListener | null;
  /** The successor that runs and has not taken over. */
  #successor: Successor | null = null;
  #closing = false;

  /** @param leave closes this process's copies of the locks and the sockets, and unlocks nothing */
  constructor(
    locks: readonly FileLock[],
    listener: BoundListener | null,
    private readonly leave: () => void,
  ) {
    this.#locks = locks;
    this.#listener = listener;
  }

  /** @see GatewayLock.upgrade */
  async start(options: UpgradeOptions): Promise<UpgradeOutcome> {
    const request = readUpgradeOptions(options);
    request.signal?.throwIfAborted();
    const { descriptors: locks } = inheritanceOf(this.#locks, null);
    if (this.#successor !== null) return kept({ reason: 'in-progress' }, this.#successor.pid);
    const sockets = this.#listener?.sockets ?? [];
    try {
      return await this.#replaceBy(this.#watch(new Successor(request, { sockets, locks })), request);
    } catch (error) {
      // For example E2BIG. Node reports most errors of a spawn in an event.
      if ((error as NodeJS.ErrnoException).syscall?.startsWith('spawn') !== true) throw error;
      return kept({ reason: 'exited', cause: error }, null);
    }
  }

  /** Ends the successor before this gateway closes, because the end of the channel would commit. */
  async stop(): Promise<void> {
    this.#closing = true;
    await this.#successor?.stop();
  }

  #watch(successor: Successor): Successor {
    this.#successor = successor;
    void successor.exited.then(() => {
      if (this.#successor === successor) this.#successor = null;
    });
    return successor;
  }

  async #replaceBy(successor: Successor, request: UpgradeRequest): Promise<UpgradeOutcome> {
    try {
      const failure = (await this.#prepare(successor, request)) ?? (await this.#drain(successor, request));
      if (failure === null) return this.#commit(successor);
      await this.#keep(successor, failure.reason);
      return kept(failure, successor.pid);
    } catch (error) {
      await this.#keep(successor, request.signal?.aborted ? 'aborted' : 'failed');
      throw error;
    }
  }

  /** Waits until the successor is ready. Returns why it does not take over, or null. */
  #prepare(successor: Successor, request: UpgradeRequest): Promise<Failure | null> {
    recordUpgrade(this.#locks, { pid: successor.pid, phase: 'starting' });
    return firstOf([successor.reported, successor.exited], request.readyTimeoutMs, request.signal);
  }

  /** Stops accepting, and waits for open connections and the caller's hook. */
  async #drain(successor: Successor, request: UpgradeRequest): Promise<Failure | null> {
    recordUpgrade(this.#locks, { pid: successor.pid, phase: 'draining' });
    await this.#listener?.pause();
    const connectionsEnded = this.#listener?.drain(request.graceMs) ?? Promise.resolve();
    const drained = Promise.all([request.drain(connectionsEnded), connectionsEnded]).then(() => null);
    const failure = await firstOf([drained, successor.exited], Number.POSITIVE_INFINITY, request.signal);
    // The exit of the successor may have been reported in this turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    request.signal?.throwIfAborted();
    return successor.hasExited ? await successor.exited : failure;
  }

  /** Closes the locks and the sockets, and the channel last, because its end is the commit. */
  #commit(successor: Successor): UpgradeOutcome {
    this.#successor = null;
    this.leave();
    successor.commit();
    return { outcome: 'upgraded', pid: successor.pid! };
  }

  /** Accepts again, and ends the successor. Does not wait for its end. */
  async #keep(successor: Successor, reason: string): Promise<void> {
    recordUpgrade(this.#locks, { pid: successor.pid, phase: 'kept', reason });
    if (!this.#closing) await this.#listener?.resume();
    void successor.stop();
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
