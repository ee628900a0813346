// The takeover by a successor: from adopted descriptors to the only owner of the state.
import type { LockError } from '../../errors.js';
import type { FileLock } from '../../lock/internal.js';
import { loadCluster } from '../../native/builtins.js';
import { acquireLocks, undoLocks } from '../acquire-locks.js';
import { recordEndpoint } from '../endpoint-record.js';
import { lockFailedError } from '../gateway-error.js';
import type { GatewayRequest } from '../gateway-options.js';
import { notifyReady } from '../service-manager.js';
import type { Custody } from './custody.js';

export class Succession {
  readonly #from: 'upgrade' | 'run';
  readonly #custody: Custody;
  readonly #locks: readonly FileLock[];
  readonly #request: GatewayRequest;
  #isComplete = false;

  /** `request` contains the port on which the successor will listen. */
  constructor(from: 'upgrade' | 'run', custody: Custody, locks: readonly FileLock[], request: GatewayRequest) {
    this.#from = from;
    this.#custody = custody;
    this.#locks = locks;
    this.#request = request;
  }

  /** True once no other process owns the state. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /**
   * Step 17 of docs/protocol.md. Reports that this process is prepared, waits until the predecessor
   * is gone, and takes over the locks.
   *
   * @throws {GatewayLockError} `ERR_GATEWAY_LOCKED` if the predecessor released a lock and another
   * process acquired it
   * @throws the reason of {@link leave}
   */
  async complete(): Promise<void> {
    this.#custody.report('ready');
    // `gateway-lock run` waits for this before it ends the predecessor. After an upgrade, systemd
    // accepts it only from the new main process, which the predecessor names before it leaves.
    if (this.#from === 'run') notifyReady();
    // Now, because after the wait each millisecond is one without a gateway.
    if (this.#request.bind) loadCluster();
    await this.#custody.end();
    for (const lock of this.#locks) await this.#takeOver(lock);
    this.#isComplete = true;
    if (this.#from === 'upgrade') notifyReady();
  }

  /** Ends the wait for the predecessor. Does nothing once the takeover is complete. */
  leave(reason: Error): void {
    this.#custody.leave(reason);
  }

  /**
   * Takes over the lock. Acquires it afresh if the predecessor has released it instead of leaving
   * it, for example by close().
   */
  async #takeOver(lock: FileLock): Promise<void> {
    try {
      if (lock.takeOver(this.#from === 'run' ? 'other' : 'this')) return;
    } catch (error) {
      throw lockFailedError(this.#request, lock.path, error as LockError);
    }
    lock.leave();
    lock.replaceBy(await this.#reacquire(lock.path));
  }

  async #reacquire(path: string): Promise<FileLock> {
    const fresh: FileLock[] = [];
    try {
      await acquireLocks(
        { ...this.#request, ...REACQUIRE, lockPaths: [() => path], signal: this.#custody.signal },
        fresh,
      );
      recordEndpoint(fresh, this.#request);
      return fresh[0]!;
    } catch (error) {
      undoLocks(fresh);
      throw error;
    }
  }
}

/** This process already listens on the port, so a listener does not mean that the holder is alive. */
const REACQUIRE = { whenListening: 'wait', onWait: undefined } as const;
