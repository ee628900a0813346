// The types of the addon's functions (native/binding), written by hand.
// test/integration/binding.test.ts compares the names with those of the addon. A system error that
// the addon throws has Node's fields: code, errno, syscall, and path or address and port. Any other
// error of the addon has an ERR_LOCK_* code and a `detail`.

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
  /** Returns true if the path of the lock still names the locked file. */
  isFileInPlace(lock: LockId): boolean;
  /**
   * Keeps the lock held, even when this Node environment ends, for the program that has inherited
   * the lock.
   */
  handOver(lock: LockId): void;
  /**
   * Removes the lock file, or clears the record in a lock file that is kept, and then drops the
   * lock. Returns false if the lock was not held. Throws if the file could not be removed or
   * cleared. The lock is dropped even if this function throws.
   */
  release(lock: LockId): boolean;
  /**
   * Drops the lock after a failed attempt. Unlike release(), this function never throws, and
   * removes the file only if the attempt created the file.
   */
  undo(lock: LockId): void;
  /** Drops the lock and leaves the file unchanged. */
  unlock(lock: LockId): void;
  /**
   * Creates a waiter without making a system call. After {@link NativeBinding.watch}, `wake` is
   * called when the lock may be free.
   */
  createWaiter(path: string, flags: number, wake: () => void): WaiterId;
  /**
   * Attempts to acquire the lock of a waiter. The result is the same as that of {@link
   * NativeBinding.tryAcquire}.
   */
  retry(waiter: WaiterId): LockId | string;
  /**
   * Returns the holder's record that the last refused attempt read, or '' if that attempt found no
   * record.
   */
  holderRecord(waiter: WaiterId): string;
  /**
   * Watches the lock of a waiter until `wake` has been called once. `ownerPid` is 0 if the holder
   * is unknown.
   */
  watch(waiter: WaiterId, ownerPid: number): WatchResult;
  closeWaiter(waiter: WaiterId): void;
  /** Probes a lock. Ignores all bits of `flags` except the access bits. */
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
   * Returns the address that was passed to {@link NativeBinding.listen}, or '' after the listener
   * has been closed or detached.
   */
  addressOf(listener: ListenerId): string;
  /** Returns the bound port, or 0 after the listener has been closed or detached. */
  portOf(listener: ListenerId): number;
  /**
   * Returns the descriptor of the socket (on Windows the SOCKET), or -1 after the listener has been
   * closed or detached.
   */
  socketOf(listener: ListenerId): number;
  /**
   * Makes the caller the owner of the socket. After this call, the addon never closes the socket.
   */
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
  /**
   * Returns the pid of the process that listens on this address and port, or 0 if that process is
   * unknown.
   */
  findListenerPid(address: string, port: number): number;
  /**
   * Returns the pid of a process that has a connection with this local port, or 0 if that process
   * is unknown.
   */
  findConnectionPid(address: string, port: number): number;
  /**
   * Returns the start time of a process, which may only be compared for equality. Returns -1 if
   * there is no such process, and 0 if its start time is unknown.
   */
  processStartToken(pid: number): number;
  /**
   * Returns the start time of a process in milliseconds since 1970, or 0 if that time is unknown.
   */
  processStartMs(pid: number): number;
  /**
   * Returns the arguments of a process, each followed by a NUL, or '' if the arguments are unknown.
   */
  commandLine(pid: number): string;
  /**
   * Replaces this process with another program. The new program receives copies of the descriptors
   * in `inherit`, starting at descriptor 3. Throws on failure; never returns on success.
   */
  exec(path: string, args: readonly string[], environment: readonly string[], inherit: readonly number[]): void;
  /**
   * Windows only. Ensures that all processes that are started after this call, and their children,
   * end when this process ends.
   */
  killChildrenOnExit(): void;
  /**
   * Returns the milliseconds since an arbitrary moment, from a monotonic clock that also counts the
   * time in suspend.
   */
  bootClockMs(): number;
  /** Returns the id of the current boot of the system, or '' if that id is unknown. */
  bootId(): string;
  /** Returns the pid namespace of this process, or '' if that namespace is unknown. */
  pidNamespace(): string;
}

/**
 * The id of a lock in this Node environment. An id is never reused. The id of a released lock
 * behaves like a lock that is not held.
 */
export type LockId = number;

/**
 * The id of a waiter. A waiter keeps the lock file open between two attempts, except on Windows. An
 * id is never reused.
 */
export type WaiterId = number;

/**
 * The scope of a watch. `owner`: the lock file and the owner's process are watched. `file`: the
 * lock file is watched, which also reports the death of the holder. `release`: the lock file is
 * watched, which does not report the death of the holder (Windows). `nothing`: no watch is
 * possible, because of a limit or a remote file system. `gone`: there is no watch, because the lock
 * file no longer exists; an attempt may succeed.
 */
export type WatchResult = 'owner' | 'file' | 'release' | 'nothing' | 'gone';

/** The id of a listening socket in this Node environment. An id is never reused. */
export type ListenerId = number;

/**
 * The reliability of locks on a file system. `local`: a local file system where a test has shown
 * that a lock excludes other processes. `remote`: locks exclude other processes of this host, but
 * perhaps not processes of other hosts. `weak`: a test has shown that two processes can hold the
 * lock at once.
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

/**
 * The options of a lock as bits of one integer. native/binding/lock_flags.h defines the same bits.
 */
export const LOCK_FLAG = { shared: 1, allowWeak: 2, keepFile: 4, existingFile: 8, group: 16, everyone: 32 } as const;
