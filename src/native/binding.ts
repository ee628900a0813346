// The types of the addon's functions (native/binding), written by hand.
// test/integration/binding.test.ts compares the names with the addon's. System errors from the
// addon have Node's fields: code, errno, syscall, and path or address and port. Other errors from
// the addon have an ERR_LOCK_* code and a `detail`.

export interface NativeBinding {
  /**
   * Attempts to acquire a lock without waiting. `flags` are bits of {@link LOCK_FLAG}. If another
   * process holds the lock, returns the holder's record as a string, or '' if the file has no
   * record.
   */
  tryAcquire(path: string, flags: number): LockId | string;
  isHeld(lock: LockId): boolean;
  /** Returns true if the file was new or empty when the lock was acquired. */
  isBlank(lock: LockId): boolean;
  /** Returns the descriptor of the lock file, or -1 after the release. */
  descriptorOf(lock: LockId): number;
  strengthOf(lock: LockId): LockStrength;
  readContent(lock: LockId): LockFileContent;
  /** Replaces the content of the lock file with the record. */
  writeRecord(lock: LockId, record: string): void;
  /** Returns true if the lock's path still refers to the locked file. */
  isFileInPlace(lock: LockId): boolean;
  /** Keeps the lock after this Node environment ends, for the program that has inherited it. */
  handOver(lock: LockId): void;
  /**
   * Removes the lock file (or, if it is kept, clears its record), then drops the lock. Returns
   * false if the lock was not held. Throws if the file could not be removed or cleared; the lock is
   * dropped even then.
   */
  release(lock: LockId): boolean;
  /**
   * Drops the lock after a failed attempt. Unlike release(), never throws, and removes the file
   * only if the attempt created it.
   */
  undo(lock: LockId): void;
  /** Drops the lock and leaves the file unchanged. */
  unlock(lock: LockId): void;
  /**
   * Creates a waiter, without any system call. After {@link NativeBinding.watch}, `wake` is called
   * when the lock may be free.
   */
  createWaiter(path: string, flags: number, wake: () => void): WaiterId;
  /** Attempts to acquire a waiter's lock. Returns the same as {@link NativeBinding.tryAcquire}. */
  retry(waiter: WaiterId): LockId | string;
  /** Returns the holder's record as read by the last refused attempt, or '' if there was none. */
  holderRecord(waiter: WaiterId): string;
  /**
   * Watches a waiter's lock until `wake` has been called once. `ownerPid` is 0 if the holder is
   * unknown.
   */
  watch(waiter: WaiterId, ownerPid: number): WatchResult;
  closeWaiter(waiter: WaiterId): void;
  /** Probes a lock. Only the access bits of `flags` are used. */
  probeLock(path: string, flags: number): NativeLockProbe;
  /**
   * Returns true if the process `pid` holds a lock on the same file through another mount. Returns
   * false if the system does not report locks of other mounts.
   */
  isHeldInOtherView(path: string, pid: number): boolean;
  /** Returns true if a process has an exclusive transaction open on this SQLite database. */
  isSqliteLocked(path: string): boolean;
  ensureLockDirectory(path: string, tighten: boolean): void;
  listen(address: string, port: number, backlog: number): ListenerId;
  /**
   * Listens on an address in addition to the wildcard address on which this process already
   * listens. Throws EADDRINUSE if another socket is bound to exactly this address.
   */
  listenBeside(address: string, port: number, backlog: number): ListenerId;
  /**
   * Returns the address passed to {@link NativeBinding.listen}, or '' if the listener has been
   * closed or detached.
   */
  addressOf(listener: ListenerId): string;
  /** Returns the bound port, or 0 if the listener has been closed or detached. */
  portOf(listener: ListenerId): number;
  /**
   * Returns the socket's descriptor (on Windows the SOCKET), or -1 if the listener has been closed
   * or detached.
   */
  socketOf(listener: ListenerId): number;
  /** Makes the caller the owner of the socket. The addon will not close it. */
  detachListener(listener: ListenerId): void;
  closeListener(listener: ListenerId): void;
  /** Binds the address for a moment. Throws if the address cannot be bound. */
  tryBind(address: string, port: number): void;
  probePort(address: string, port: number): 'refused' | 'accepted' | 'timed-out';
  /**
   * Returns true if the system's socket table contains a listener that conflicts with a bind to
   * this address and port. A wildcard address conflicts with the listeners on all addresses.
   */
  hasListener(address: string, port: number): boolean;
  /** Returns the pid of the process that listens on this address and port, or 0 if unknown. */
  findListenerPid(address: string, port: number): number;
  /** Returns the pid of a process that has a connection with this local port, or 0 if unknown. */
  findConnectionPid(address: string, port: number): number;
  /**
   * Returns the start time of a process, to be compared for equality only. Returns -1 if there is
   * no such process, and 0 if its start time is unknown.
   */
  processStartToken(pid: number): number;
  /** Returns the start time of a process in milliseconds since 1970, or 0 if unknown. */
  processStartMs(pid: number): number;
  /** Returns the arguments of a process, each followed by a NUL, or '' if unknown. */
  commandLine(pid: number): string;
  /**
   * Replaces this process with another program. The new program receives copies of the descriptors
   * in `inherit`, starting at descriptor 3. Throws on failure; never returns on success.
   */
  exec(path: string, args: readonly string[], environment: readonly string[], inherit: readonly number[]): void;
  /**
   * Windows only. Makes all processes started after this call, and their children, end with this
   * process.
   */
  killChildrenOnExit(): void;
  /** Returns the milliseconds of a monotonic clock that also counts the time in suspend. */
  bootClockMs(): number;
  /** Returns the id of the current boot, or '' if unknown. */
  bootId(): string;
  /** Returns the pid namespace of this process, or '' if unknown. */
  pidNamespace(): string;
}

/**
 * The id of a lock in this Node environment. Ids are never reused. A released lock behaves like a
 * lock that is not held.
 */
export type LockId = number;

/**
 * The id of a waiter. A waiter keeps the lock file open between attempts, except on Windows. Ids
 * are never reused.
 */
export type WaiterId = number;

/**
 * The scope of a watch. `owner`: the lock file and the owner's process. `file`: the lock file,
 * which also reports the holder's death. `release`: the lock file, which does not report the
 * holder's death (Windows). `nothing`: no watch is possible, because of a limit or a remote file
 * system. `gone`: there is no watch, because the lock file no longer exists; an attempt may
 * succeed.
 */
export type WatchResult = 'owner' | 'file' | 'release' | 'nothing' | 'gone';

/** The id of a listening socket in this Node environment. Ids are never reused. */
export type ListenerId = number;

/**
 * How reliable locks are on a file system. `local`: a local file system, on which a test has shown
 * that locks exclude other processes. `remote`: locks exclude other processes on this host, but
 * perhaps not those on other hosts. `weak`: a test has shown that two processes can hold the lock
 * at once.
 *
 * @example
 * const lock = await acquireLock('job.lock');
 * const strength: LockStrength = lock.strength;
 * if (strength === 'remote') console.warn('other hosts may acquire this lock too');
 * lock.release();
 */
export type LockStrength = 'local' | 'remote' | 'weak';

/** The content of a lock file. */
export interface LockFileContent {
  /** The first 4096 bytes, decoded as UTF-8. */
  readonly text: string;
  /** The size of the file in bytes. */
  readonly size: number;
  /** True if the file has more than one hard link. */
  readonly hasOtherNames: boolean;
}

export interface NativeLockProbe extends LockFileContent {
  readonly state: 'missing' | 'free' | 'exclusive' | 'shared';
}

/** A lock's options as bits of an integer, as in native/binding/lock_flags.h. */
export const LOCK_FLAG = { shared: 1, allowWeak: 2, keepFile: 4, existingFile: 8, group: 16, everyone: 32 } as const;
