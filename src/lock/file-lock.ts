// A held lock, with methods that verify, update, hand over and release the lock.
import type { LockError, OwnerRecord } from '../errors.js';
import { announce } from '../events.js';
import type { LockId, LockStrength } from '../native/binding.js';
import { native } from '../native/load.js';
import type { ReclaimReason } from './leftover.js';
import { fileStaysError, replacedError, toLockError } from './lock-error.js';
import { LossWatch, type LostListener, notify } from './loss-watch.js';
import {
  formatRecord,
  handedOverHead,
  listeningHead,
  type OwnerFields,
  type OwnRecord,
  ownRecordOf,
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
 * Which process keeps the lock. `this`: this process, which releases the lock. `other`: another
 * process too, so that this process only closes its copy of the descriptor. `predecessor`: like
 * `other`, and this process must not write its record before {@link FileLock.takeOver}.
 */
type Keeper = 'this' | 'other' | 'predecessor';

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
  #id: LockId;
  #keeper: Keeper;
  /** Created on first use, because an empty Set would add 10 % to a lock's memory. */
  #lossWatch: LossWatch | undefined;
  #record: OwnRecord | null;
  /** Parsed on first use, because parsing takes a tenth as long as acquiring a lock. */
  #owner: OwnerRecord | undefined;
  #lost: LockError | null = null;

  /** `record` is null for a lock without an owner record. @internal */
  constructor(
    id: LockId,
    record: OwnRecord | null,
    properties: Pick<FileLock, 'path' | 'mode' | 'strength' | 'reclaimed' | 'predecessor' | 'waitMode'>,
    keeper: Keeper = 'this',
  ) {
    this.#id = id;
    this.#keeper = keeper;
    this.#record = record;
    this.path = properties.path;
    this.mode = properties.mode;
    this.strength = properties.strength;
    this.reclaimed = properties.reclaimed;
    this.predecessor = properties.predecessor;
    this.waitMode = properties.waitMode;
  }

  /** False after `release()` and `leave()`. */
  get held(): boolean {
    return native().isHeld(this.#id);
  }

  /**
   * The file descriptor of the lock file, to pass to a child through the `stdio` option of
   * `child_process.spawn`. The kernel releases the lock when the last copy of the descriptor is
   * closed; `release()` releases it at once. -1 after `release()` and `leave()`.
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
    announce('gateway-lock:lost', () => ({ path: this.path, error: lost }));
    this.#lossWatch?.report(lost);
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
    if (this.#lost !== null) notify(listener, this.#lost);
    this.#lossWatch ??= new LossWatch(() => this.verify());
    const remove = this.#lossWatch.add(listener);
    if (this.held && this.#lost === null) this.#lossWatch.start();
    return remove;
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
   * Hands the lock over to the process `pid`, which has inherited {@link fd}: the owner record then
   * names that process, which keeps the lock even if this process ends for any reason. Afterwards
   * `release()` does the same as {@link leave}.
   *
   * @throws {RangeError} `ERR_OUT_OF_RANGE` if `pid` is not a process id
   * @throws what {@link updateOwner} throws
   */
  handOverTo(pid: number): void {
    if (!this.held) return;
    // Step 8 of docs/protocol.md. The child already has its own copy of the descriptor.
    this.nameHolder(pid);
    this.#keeper = 'other';
  }

  /**
   * Makes the process `pid`, which has inherited {@link fd}, the holder in the owner record, with
   * additional `fields`. Unlike after {@link handOverTo}, `release()` still releases the lock for
   * both processes. @internal
   */
  nameHolder(pid: number, fields: OwnerFields = {}): void {
    if (!this.held) return;
    if (this.#record !== null) this.#write(updatedHead(handedOverHead(this.#record.head, pid), fields));
    native().handOver(this.#id);
  }

  /**
   * Adds or replaces fields of the record in the file, which the program that inherited the lock may
   * have written. @internal
   */
  updateHolder(fields: OwnerFields): void {
    if (this.#record === null || !this.held) return;
    const record = ownRecordOf(native().readContent(this.#id).text) ?? this.#record;
    const text = formatRecord({ ...record, head: updatedHead(record.head, fields) });
    native().writeRecord(this.#id, text);
  }

  /**
   * Leaves the lock to the processes that have a copy of {@link fd}: closes this process's copy,
   * and neither unlocks nor changes the file. If there is no other copy, the kernel releases the
   * lock, and the record remains as a leftover, which blocks nothing. Does nothing if the lock is
   * not held.
   */
  leave(): void {
    if (!this.held) return;
    native().leaveLock(this.#id);
    this.#lossWatch?.stop();
  }

  /**
   * Step 20 of docs/protocol.md. Writes the record of an adopted lock, once the predecessor is
   * gone. With `keeper: 'this'` this process releases the lock from then on. Returns false if the
   * lock is no longer held or its file is not in place. @internal
   */
  takeOver(keeper: 'this' | 'other'): boolean {
    if (!this.held || !native().relock(this.#id)) return false;
    this.#keeper = keeper;
    this.#write(this.#record!.head);
    return true;
  }

  /** Continues as `fresh`, another lock at the same path, after {@link leave}. @internal */
  replaceBy(fresh: FileLock): void {
    this.#id = fresh.#id;
    this.#keeper = fresh.#keeper;
    this.#record = fresh.#record;
    this.#owner = undefined;
    this.#lost = null;
    this.#lossWatch?.start();
  }

  /**
   * Releases the lock: clears the record in the lock file (with `keepFile: false`, removes the
   * file), then drops the kernel lock. Does nothing if the lock has already been released. After
   * `handOverTo()`, only closes this process's copy of the descriptor, like {@link leave}.
   *
   * @throws {LockError} `ERR_LOCK_PERMISSION` if this process may not clear or remove the lock file
   * @throws {Error} the system's error if clearing or removing the lock file fails for another
   * reason. Even then the lock is released, and the leftover lock file does not block later
   * attempts.
   */
  release(): void {
    if (this.#keeper === 'this') this.#release();
    else this.leave();
  }

  #release(): void {
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
    if (this.#keeper !== 'this') {
      this.leave();
      return;
    }
    native().undo(this.#id);
    this.#afterRelease();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  #afterRelease(): void {
    this.#lossWatch?.stop();
    announce('gateway-lock:release', () => ({ path: this.path, owner: this.owner }));
    wakeFirst(this.path);
  }

  #write(head: string): void {
    const record = { ...this.#record!, head };
    try {
      // Before the takeover, the file contains the predecessor's record.
      if (this.#keeper !== 'predecessor') native().writeRecord(this.#id, formatRecord(record));
    } catch (error) {
      throw toLockError(error, this.path);
    }
    this.#record = record;
    this.#owner = undefined;
  }
}
