// A held lock, and what its holder can do with it.
import type { LockError, OwnerRecord } from '../errors.js';
import { announce } from '../events.js';
import type { LockId, LockStrength } from '../native/binding.js';
import { native } from '../native/load.js';
import type { ReclaimReason } from './leftover.js';
import { fileStaysError, replacedError, toLockError } from './lock-error.js';
import {
  formatRecord,
  handedOverHead,
  listeningHead,
  type OwnerFields,
  type OwnRecord,
  recordOf,
  updatedHead,
} from './record-encoder.js';
import { wakeFirst } from './wait-queue.js';

export type LockMode = 'exclusive' | 'shared';
/**
 * How a waiter noticed the release. `watch`: the system reported it. `poll`: by attempts 5 to 250
 * ms apart, because the lock file or the process of the holder could not be watched: a limit
 * (`fs.inotify.max_user_instances`), a remote file system, an older gateway, on Windows a holder
 * that the record does not name.
 */
export type WaitMode = 'watch' | 'poll';
export type LostListener = (error: LockError) => void;

/** Milliseconds between two checks of the lock file while there is an `onLost` listener. */
const LOST_CHECK_MS = 1000;

/**
 * A held lock. It stays held until `release()`, or until the process or worker thread ends for
 * whatever reason. Losing the last reference to this object does not release it.
 */
export class FileLock {
  readonly path: string;
  readonly mode: LockMode;
  /** How reliable locks are on this file system: `local`, `remote` or `weak`. */
  readonly strength: LockStrength;
  /** Why a leftover lock file could be reclaimed. Null if there was none. */
  readonly reclaimed: ReclaimReason | null;
  /** The record in the leftover lock file. Null if there was none, or if it cannot be read. */
  readonly predecessor: OwnerRecord | null;
  /** How the waiter noticed the release. Null if there was no wait. */
  readonly waitMode: WaitMode | null;
  readonly #id: LockId;
  /** Created on first use: an empty Set would add 10 % to the memory of a lock. */
  #lostListeners: Set<LostListener> | undefined;
  #record: OwnRecord | null;
  /** Parsed on first use: parsing takes 10 % as long as acquiring a lock. */
  #owner: OwnerRecord | undefined;
  #lost: LockError | null = null;
  #watch: NodeJS.Timeout | undefined;

  /** `record` is null if the lock writes none. @internal */
  constructor(
    id: LockId,
    record: OwnRecord | null,
    properties: Pick<FileLock, 'path' | 'mode' | 'strength' | 'reclaimed' | 'predecessor' | 'waitMode'>,
  ) {
    this.#id = id;
    this.#record = record;
    this.path = properties.path;
    this.mode = properties.mode;
    this.strength = properties.strength;
    this.reclaimed = properties.reclaimed;
    this.predecessor = properties.predecessor;
    this.waitMode = properties.waitMode;
  }

  /** False once the lock is released. */
  get held(): boolean {
    return native().isHeld(this.#id);
  }

  /**
   * The file descriptor, to pass to a child through the `stdio` option of `child_process.spawn`.
   * The kernel releases the lock when the last copy is closed; `release()` does so at once. -1
   * after the release.
   */
  get fd(): number {
    return native().descriptorOf(this.#id);
  }

  /**
   * The record in the lock file. Null in shared mode and with `record: false`, which write none.
   */
  get owner(): OwnerRecord | null {
    if (this.#record === null) return null;
    this.#owner ??= recordOf(this.#record);
    return this.#owner;
  }

  /**
   * Returns true if the lock is held and its path still names the locked file. Costs one system
   * call.
   */
  verify(): boolean {
    if (!this.held || this.#lost !== null) return false;
    if (native().isFileInPlace(this.#id)) return true;
    const lost = replacedError(this.path, this.owner);
    this.#lost = lost;
    this.#stopWatch();
    announce('gateway-lock:lost', () => ({ path: this.path, error: lost }));
    for (const listener of this.#lostListeners ?? []) this.#notify(listener, this.#lost);
    return false;
  }

  /**
   * Calls `listener` once with `ERR_LOCK_REPLACED` if the lock file is removed or replaced.
   * `verify()` detects that, and so does a check every 1000 ms that does not keep the process
   * alive.
   *
   * @returns a function that removes the listener
   */
  onLost(listener: LostListener): () => void {
    if (this.#lost !== null) this.#notify(listener, this.#lost);
    this.#lostListeners ??= new Set();
    this.#lostListeners.add(listener);
    if (this.held && this.#lost === null) this.#watch ??= setInterval(() => this.verify(), LOST_CHECK_MS).unref();
    return () => {
      this.#lostListeners?.delete(listener);
      if (this.#lostListeners?.size === 0) this.#stopWatch();
    };
  }

  /**
   * Adds fields to the owner record, or replaces them; for example the port once it is known. Does
   * nothing if the lock writes no record (shared mode, `record: false`) or is released.
   *
   * @throws {RangeError} `ERR_OUT_OF_RANGE` if the record would be longer than 4096 bytes
   * @throws {TypeError} `ERR_INVALID_ARG_VALUE` if a field is not JSON
   */
  updateOwner(fields: OwnerFields): void {
    if (this.#record !== null && this.held) this.#write(updatedHead(this.#record.head, fields));
  }

  /**
   * Same as `updateOwner({ bindHost, port })`, faster, for a record that has neither field.
   * @internal
   */
  nameListener(bindHost: string, port: number): void {
    if (this.#record !== null && this.held) this.#write(listeningHead(this.#record.head, bindHost, port));
  }

  /**
   * Names the process `pid`, which has inherited {@link fd}, as the holder. From now on the end of
   * this process, for whatever reason, leaves the lock to that process. `release()` still releases
   * it for both.
   *
   * @throws {RangeError} `ERR_OUT_OF_RANGE` if `pid` is not a process id
   * @throws what {@link updateOwner} throws
   */
  handOverTo(pid: number): void {
    if (!this.held) return;
    // Step 8 of docs/protocol.md: the child has its copy of the descriptor.
    if (this.#record !== null) this.#write(handedOverHead(this.#record.head, pid));
    native().handOver(this.#id);
  }

  /**
   * Clears the record in the lock file, or with `keepFile: false` removes the file, and drops the
   * lock. Does nothing if the lock is released already.
   *
   * @throws {LockError} `ERR_LOCK_PERMISSION` if the file may not be cleared or removed
   * @throws {Error} the system's error if clearing or removing the file failed. In both cases the
   *   lock is dropped all the same, and the leftover lock file blocks nothing.
   */
  release(): void {
    let wasHeld = true;
    try {
      wasHeld = native().release(this.#id);
    } catch (error) {
      throw fileStaysError(error, this.path);
    } finally {
      if (wasHeld) this.#afterRelease();
    }
  }

  /**
   * Same as {@link release}, for a transaction that failed: removes the file only if this lock
   * created it. @internal
   */
  undo(): void {
    native().undo(this.#id);
    this.#afterRelease();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  #afterRelease(): void {
    this.#stopWatch();
    announce('gateway-lock:release', () => ({ path: this.path, owner: this.owner }));
    wakeFirst(this.path);
  }

  #write(head: string): void {
    const record = { ...this.#record!, head };
    try {
      native().writeRecord(this.#id, formatRecord(record));
    } catch (error) {
      throw toLockError(error, this.path);
    }
    this.#record = record;
    this.#owner = undefined;
  }

  /** Calls the listener in a microtask of its own, so that its error does not stop the others. */
  #notify(listener: LostListener, error: LockError): void {
    queueMicrotask(() => listener(error));
  }

  #stopWatch(): void {
    if (this.#watch === undefined) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }
}
