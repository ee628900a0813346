// The types of native/binding, written by hand. test/integration/binding.test.ts compares the
// names. Errors of the system have Node's fields (code, errno, syscall, path or address and port);
// the other errors have an ERR_LOCK_* code and a `detail`.

export interface NativeBinding {
  /**
   * Tries to acquire a lock without waiting. `flags` come from {@link LOCK_FLAG}. Returns a string
   * if another process holds the lock: the holder's record, or '' if there is none.
   */
  tryAcquire(path: string, flags: number): LockId | string;
  isHeld(lock: LockId): boolean;
  /** Returns true if the file was new or empty when it was locked. */
  isBlank(lock: LockId): boolean;
  /** Returns -1 after the release. */
  descriptorOf(lock: LockId): number;
  strengthOf(lock: LockId): LockStrength;
  readContent(lock: LockId): LockFileContent;
  /** Replaces any content of the file. */
  writeRecord(lock: LockId, record: string): void;
  /** Returns true if the path still names the locked file. */
  isFileInPlace(lock: LockId): boolean;
  /** Leaves the lock to the program that has inherited it when this environment ends. */
  handOver(lock: LockId): void;
  /**
   * Removes the file, or clears our record in a kept file, and drops the lock. Returns false if it
   * was not held. Throws if the file could not be removed or cleared; the lock is dropped all the
   * same.
   */
  release(lock: LockId): boolean;
  /**
   * Same as release(), for a failed attempt: never throws, and removes the file only if the attempt
   * created it.
   */
  undo(lock: LockId): void;
  /** Drops the lock and leaves the file as it is. */
  unlock(lock: LockId): void;
  /**
   * Creates a waiter without any system call. {@link NativeBinding.watch} calls `wake` when the
   * lock may be free.
   */
  createWaiter(path: string, flags: number, wake: () => void): WaiterId;
  /** Same as {@link NativeBinding.tryAcquire}. */
  retry(waiter: WaiterId): LockId | string;
  /** Returns the holder's record from the last refused attempt, or '' if there was none. */
  holderRecord(waiter: WaiterId): string;
  /**
   * Watches the lock until `wake` has been called once. `ownerPid` is 0 if the holder is unknown.
   */
  watch(waiter: WaiterId, ownerPid: number): WatchResult;
  closeWaiter(waiter: WaiterId): void;
  /** Uses only the access bits of `flags`. */
  probeLock(path: string, flags: number): NativeLockProbe;
  /**
   * Returns true if the process `pid` holds a lock on the same file through another mount. Returns
   * false if the system does not tell.
   */
  isHeldInOtherView(path: string, pid: number): boolean;
  /** Returns true if a process has this SQLite database in an exclusive transaction. */
  isSqliteLocked(path: string): boolean;
  ensureLockDirectory(path: string, tighten: boolean): void;
  listen(address: string, port: number, backlog: number): ListenerId;
  /**
   * Listens on one address beside the wildcard of this process. Throws EADDRINUSE if another socket
   * has the same address.
   */
  listenBeside(address: string, port: number, backlog: number): ListenerId;
  /** Returns the address given to {@link NativeBinding.listen}, or '' once closed or detached. */
  addressOf(listener: ListenerId): string;
  /** Returns 0 once closed or detached. */
  portOf(listener: ListenerId): number;
  /** Returns the descriptor, on Windows the SOCKET, or -1 once closed or detached. */
  socketOf(listener: ListenerId): number;
  /** Makes the caller the owner of the socket, which the addon no longer closes. */
  detachListener(listener: ListenerId): void;
  closeListener(listener: ListenerId): void;
  /** Binds the address for a moment. Throws if it cannot be bound. */
  tryBind(address: string, port: number): void;
  probePort(address: string, port: number): 'refused' | 'accepted' | 'timed-out';
  /**
   * Returns true if the system's socket table has a listener that a bind conflicts with. A wildcard
   * conflicts with all.
   */
  hasListener(address: string, port: number): boolean;
  /** Returns 0 if the process is unknown. */
  findListenerPid(address: string, port: number): number;
  /** Returns the process of a connection with this local port, or 0 if it is unknown. */
  findConnectionPid(address: string, port: number): number;
  /**
   * Returns the start time of a process, to be compared for equality only: -1 if there is no such
   * process, 0 if its start time is unknown.
   */
  processStartToken(pid: number): number;
  /** Returns the start time of a process in milliseconds since 1970, or 0 if it is unknown. */
  processStartMs(pid: number): number;
  /** Returns the arguments of a process, each followed by a NUL, or '' if they are unknown. */
  commandLine(pid: number): string;
  /**
   * Replaces this process by another program, whose descriptors from 3 on are copies of `inherit`.
   * Throws on failure; never returns on success.
   */
  exec(path: string, args: readonly string[], environment: readonly string[], inherit: readonly number[]): void;
  /** Windows only. Processes started from now on, and their children, end with this process. */
  killChildrenOnExit(): void;
  /** Returns monotonic milliseconds since an arbitrary moment, including the time in suspend. */
  bootClockMs(): number;
  /** Returns '' if it is unknown. */
  bootId(): string;
  /** Returns '' if it is unknown. */
  pidNamespace(): string;
}

/**
 * The id of a lock of this environment. Never reused: a released id behaves like a lock that is not
 * held.
 */
export type LockId = number;

/**
 * The id of a waiter, which keeps the file open between two attempts (on Windows closed). Never
 * reused.
 */
export type WaiterId = number;

/**
 * The scope of a watch. `owner`: the file and the owner's process. `file`: the file, which also
 * reports the death of the holder. `release`: the file, which does not report a death (Windows).
 * `nothing`: no watch is possible (limits, remote file system). `gone`: no watch, because the file
 * is gone and an attempt may succeed.
 */
export type WatchResult = 'owner' | 'file' | 'release' | 'nothing' | 'gone';

/** The id of a listening socket of this environment. Never reused. */
export type ListenerId = number;

/**
 * How reliable locks are on a file system. `local`: a local file system that was tested to exclude.
 * `remote`: it excludes on this host, and perhaps not between hosts. `weak`: it was seen to grant
 * the lock to two processes.
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

/** The options of a lock as bits of one integer. native/binding/lock_flags.h has the same bits. */
export const LOCK_FLAG = { shared: 1, allowWeak: 2, keepFile: 4, existingFile: 8, group: 16, everyone: 32 } as const;
