// A held lock, with methods that verify, update, hand over and release the lock.
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

/**
 * `exclusive` allows a single holder, `shared` any number of shared holders.
 *
 * @example
 * const mode: LockMode = 'shared';
 * tryAcquireLock('job.lock', { mode })?.release();
 */
export type LockMode = 'exclusive' | 'shared';
/**
 * How a waiter noticed the release. `watch`: the system reported it. `poll`: the waiter made an
 * attempt every 5 to 250 ms, because the lock file or the holder's process could not be watched,
 * for example because of a limit (`fs.inotify.max_user_instances`), a remote file system, an older
 * gateway or, on Windows, a holder that is not named in the record.
 *
 * @example
 * const lock = await acquireLock('job.lock');
 * const waitMode: WaitMode | null = lock.waitMode;
 * lock.release();
 */
export type WaitMode = 'watch' | 'poll';
/**
 * A function that is called once when a lock is lost.
 *
 * @example
 * const onLost: LostListener = (error) => console.error(error.code, error.path);
 * tryAcquireLock('job.lock')?.onLost(onLost);
 */
export type LostListener = (error: LockError) => void;

/**
 * The interval in milliseconds at which the lock file is checked while there is an `onLost`
 * listener.
 */
const LOST_CHECK_MS = 1000;

/**
 * A lock, held until `release()` is called or the process or worker thread ends for any reason.
 * Garbage collection of this object does not release the lock.
 *
 * @example
 * const lock: FileLock = await acquireLock('job.lock', { owner: { task: 'report' } });
 * lock.updateOwner({ progress: 0.5 });
 * console.log(lock.owner?.['task'], lock.verify()); // report true
 * lock.release();
 */
export class FileLock {
  readonly path: string;
  readonly mode: LockMode;
  /** How reliable locks are on the lock file's file system: `local`, `remote` or `weak`. */
  readonly strength: LockStrength;
  /** Why a leftover lock file could be reclaimed. Null if there was none. */
  readonly reclaimed: ReclaimReason | null;
  /**
   * The owner record in the leftover lock file. Null if there was no leftover lock file, or if its
   * record cannot be parsed.
   */
  readonly predecessor: OwnerRecord | null;
  /** How the waiter noticed the previous holder's release. Null if there was no wait. */
  readonly waitMode: WaitMode | null;
  readonly #id: LockId;
  /** Created on first use, because an empty Set would add 10 % to a lock's memory. */
  #lostListeners: Set<LostListener> | undefined;
  #record: OwnRecord | null;
  /** Parsed on first use, because parsing takes a tenth as long as acquiring a lock. */
  #owner: OwnerRecord | undefined;
  #lost: LockError | null = null;
  #watch: NodeJS.Timeout | undefined;

  /** `record` is null for a lock without an owner record. @internal */
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

  /** False after the lock has been released. */
  get held(): boolean {
    return native().isHeld(this.#id);
  }

  /**
   * The file descriptor of the lock file, to pass to a child through the `stdio` option of
   * `child_process.spawn`. The kernel releases the lock when the last copy of the descriptor is
   * closed; `release()` releases it at once. -1 after the release.
   */
  get fd(): number {
    return native().descriptorOf(this.#id);
  }

  /**
   * The owner record in the lock file. Null if no record is written (shared mode, `record: false`).
   */
  get owner(): OwnerRecord | null {
    if (this.#record === null) return null;
    this.#owner ??= recordOf(this.#record);
    return this.#owner;
  }

  /**
   * Returns true if the lock is held and its path still refers to the locked file. Makes a single
   * system call.
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
   * Calls `listener` once with `ERR_LOCK_REPLACED` if the lock file is removed or replaced. The
   * loss is detected by `verify()`, and by a check every 1000 ms whose timer does not keep the
   * process alive.
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
   * Adds or replaces fields of the owner record, for example the port once it is known. Does
   * nothing if the lock has no owner record (shared mode, `record: false`) or has been released.
   *
   * @throws {RangeError} `ERR_OUT_OF_RANGE` if the record would be longer than 4096 bytes
   * @throws {TypeError} `ERR_INVALID_ARG_VALUE` if a field cannot be encoded as JSON
   */
  updateOwner(fields: OwnerFields): void {
    if (this.#record !== null && this.held) this.#write(updatedHead(this.#record.head, fields));
  }

  /**
   * Like `updateOwner({ bindHost, port })`, but faster. The record must not contain `bindHost` or
   * `port` yet.
   * @internal
   */
  nameListener(bindHost: string, port: number): void {
    if (this.#record !== null && this.held) this.#write(listeningHead(this.#record.head, bindHost, port));
  }

  /**
   * Makes the process `pid`, which has inherited {@link fd}, the holder in the owner record. From
   * then on, that process keeps the lock even if this process ends for any reason. `release()`
   * still releases the lock for both processes.
   *
   * @throws {RangeError} `ERR_OUT_OF_RANGE` if `pid` is not a process id
   * @throws what {@link updateOwner} throws
   */
  handOverTo(pid: number): void {
    if (!this.held) return;
    // Step 8 of docs/protocol.md. The child already has its own copy of the descriptor.
    if (this.#record !== null) this.#write(handedOverHead(this.#record.head, pid));
    native().handOver(this.#id);
  }

  /**
   * Releases the lock: clears the record in the lock file (with `keepFile: false`, removes the
   * file), then drops the kernel lock. Does nothing if the lock has already been released.
   *
   * @throws {LockError} `ERR_LOCK_PERMISSION` if this process may not clear or remove the lock file
   * @throws {Error} the system's error if clearing or removing the lock file fails for another
   * reason. Even then the lock is released, and the leftover lock file does not block later
   * attempts.
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
   * Releases the lock after a gateway has failed to start. Unlike {@link release}, removes the lock
   * file only if this lock created it. @internal
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

  /**
   * Calls the listener in a separate microtask, so that an error in one listener does not affect
   * the others.
   */
  #notify(listener: LostListener, error: LockError): void {
    queueMicrotask(() => listener(error));
  }

  #stopWatch(): void {
    if (this.#watch === undefined) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }
}
