// A lock that is held, and what its holder can do with it.
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
  type RecordHead,
  recordOf,
  updatedHead,
} from './owner-record.js';
import { wakeFirst } from './wait-queue.js';

export type LockMode = 'exclusive' | 'shared';
/**
 * `watch`: the system reported the release. `poll`: it was asked again and again, 5 to 250 ms apart, because
 * nothing could be watched, or not the death of the holder: a limit (`fs.inotify.max_user_instances`), a remote file system, an
 * older gateway, on Windows a holder whom the record does not name.
 */
export type WaitMode = 'watch' | 'poll';
export type LostListener = (error: LockError) => void;

/** How often a lock with an `onLost` listener looks whether its file is still there, in milliseconds. */
export const LOST_CHECK_MS = 1000;

interface Held {
  readonly path: string;
  readonly mode: LockMode;
  readonly strength: LockStrength;
  /** null in shared mode. */
  readonly record: OwnRecord | null;
  readonly reclaimed: ReclaimReason | null;
  readonly predecessor: OwnerRecord | null;
  readonly waitMode: WaitMode | null;
}

/**
 * A held lock. It stays held until `release()` or the end of the process (or worker thread), however
 * that comes; losing the last reference to this object does not release it.
 */
export class FileLock {
  readonly path: string;
  readonly mode: LockMode;
  /** How far this file system can be trusted: `local`, `remote` or `weak`. */
  readonly strength: LockStrength;
  /** Why a leftover lock file could be taken; null when there was none. */
  readonly reclaimed: ReclaimReason | null;
  /** The record in the leftover lock file; null if there was none, or none that can be read. */
  readonly predecessor: OwnerRecord | null;
  /** How the end of the wait was noticed; null when there was none. */
  readonly waitMode: WaitMode | null;
  readonly #id: LockId;
  /** Made with the first one: an empty set would be a tenth of what a lock takes. */
  #lostListeners: Set<LostListener> | undefined;
  #record: OwnRecord | null;
  /** Made when it is asked for: that takes a tenth of what a lock takes. */
  #owner: OwnerRecord | undefined;
  #lost: LockError | null = null;
  #watch: NodeJS.Timeout | undefined;

  /** @internal */
  constructor(id: LockId, held: Held) {
    this.#id = id;
    this.path = held.path;
    this.mode = held.mode;
    this.strength = held.strength;
    this.reclaimed = held.reclaimed;
    this.predecessor = held.predecessor;
    this.waitMode = held.waitMode;
    this.#record = held.record;
  }

  get held(): boolean {
    return native().isHeld(this.#id);
  }

  /**
   * The descriptor, for a child that shall inherit the lock (`stdio` of `child_process.spawn`): the kernel
   * frees the lock when its last copy is closed, or by `release()`. -1 once it is released.
   */
  get fd(): number {
    return native().descriptorOf(this.#id);
  }

  /** The record in the file; null in shared mode, which writes none. */
  get owner(): OwnerRecord | null {
    if (this.#record === null) return null;
    this.#owner ??= recordOf(this.#record);
    return this.#owner;
  }

  /** Whether the lock is held and its path still names the locked file. Costs one system call. */
  verify(): boolean {
    if (!this.held || this.#lost !== null) return false;
    if (native().isFileInPlace(this.#id)) return true;
    const lost = replacedError(this.path, this.owner);
    this.#lost = lost;
    this.#stopWatch();
    announce('gateway-lock:lost', () => ({ path: this.path, error: lost }));
    for (const listener of this.#lostListeners ?? []) this.#tell(listener, this.#lost);
    return false;
  }

  /**
   * Calls `listener` once, with `ERR_LOCK_REPLACED`, when the lock file is found to be removed or
   * replaced: by `verify()`, or within {@link LOST_CHECK_MS}. The check does not keep the process alive.
   *
   * @returns a function that takes the listener off again
   */
  onLost(listener: LostListener): () => void {
    if (this.#lost !== null) this.#tell(listener, this.#lost);
    this.#lostListeners ??= new Set();
    this.#lostListeners.add(listener);
    if (this.held && this.#lost === null) this.#watch ??= setInterval(() => this.verify(), LOST_CHECK_MS).unref();
    return () => {
      this.#lostListeners?.delete(listener);
      if (this.#lostListeners?.size === 0) this.#stopWatch();
    };
  }

  /**
   * Adds to the owner record, for example the port once it is known. Only an exclusive holder has one.
   *
   * @throws {RangeError} `ERR_OUT_OF_RANGE` when the record would be longer than 4096 bytes
   */
  updateOwner(fields: OwnerFields): void {
    if (this.#record !== null && this.held) this.#write(updatedHead(this.#record.head, fields));
  }

  /** `updateOwner({ bindHost, port })` for a record that names neither, and without making objects of it. @internal */
  nameListener(bindHost: string, port: number): void {
    if (this.#record !== null && this.held) this.#write(listeningHead(this.#record.head, bindHost, port));
  }

  /**
   * Names the process `pid`, which has inherited {@link fd}, as the holder: that is the one to stop. From now on
   * the end of this process, of whatever kind, leaves the lock to it; `release()` still ends it for both.
   *
   * @throws {RangeError} `ERR_OUT_OF_RANGE`; what {@link updateOwner} throws
   */
  handOverTo(pid: number): void {
    if (!this.held) return;
    // Step 8 of docs/protocol.md: the child has its copy. A holder in shared mode has no record.
    if (this.#record !== null) this.#write(handedOverHead(this.#record.head, pid));
    native().handOver(this.#id);
  }

  /**
   * Clears our record in the lock file, or with `keepFile: false` removes the file, and drops the lock. Does nothing if the lock is
   * released already.
   *
   * @throws {LockError} `ERR_LOCK_PERMISSION`, or the system's own error, if the file could not be cleared or removed. The lock is
   *   dropped all the same, and the file that stays blocks nothing.
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

  /** As {@link release}, for a transaction that failed: removes the file only if this lock created it. @internal */
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

  #write(head: RecordHead): void {
    const record = { head, acquisition: this.#record!.acquisition };
    try {
      native().writeRecord(this.#id, formatRecord(record));
    } catch (error) {
      throw toLockError(error, this.path);
    }
    this.#record = record;
    this.#owner = undefined;
  }

  /** Apart from us and from each other, so that a listener that throws keeps nobody from being told. */
  #tell(listener: LostListener, error: LockError): void {
    queueMicrotask(() => listener(error));
  }

  #stopWatch(): void {
    if (this.#watch === undefined) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }
}
