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
   * Adopts an inherited descriptor of a lock file if it locks the file at `path`. Writes nothing.
   * Otherwise returns the reason, and leaves the descriptor to the caller. `flags` are bits of
   * {@link LOCK_FLAG}. Throws ERR_LOCK_UNSUPPORTED on Windows.
   */
  adoptLock(path: string, fd: number, flags: number): LockId | AdoptLockRefusal;
  /**
   * Locks the file again through the lock's own descriptor, in case another copy of the descriptor
   * has been unlocked. Returns false if another process holds the lock, or if the path no longer
   * refers to the locked file.
   */
  relock(lock: LockId): boolean;
  /** Closes this process's copy of the descriptor. Other copies keep the lock. */
  leaveLock(lock: LockId): void;
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
   * Adopts an inherited listening socket if it is bound to `address` and `port` (0: any port).
   * Otherwise returns the reason, and leaves the descriptor to the caller. Throws ERR_LOCK_UNSUPPORTED on
   * Windows.
   */
  adoptListener(fd: number, address: string, port: number): ListenerId | AdoptListenerRefusal;
  /**
   * Makes a copy of a listening socket, which keeps the connections that wait for accept() when the
   * original is closed. Throws ERR_LOCK_UNSUPPORTED on Windows.
   */
  copyListener(socket: number): ListenerId;
  /**
   * Stops a listening socket for all processes that have a copy of it. Clients that wait for
   * accept() are disconnected. Throws ERR_LOCK_UNSUPPORTED on Windows.
   */
  shutdownListener(listener: ListenerId): void;
  /**
   * Makes the socket block in accept(), as a program expects that inherits it. Applies to all
   * copies of the socket. Throws ERR_LOCK_UNSUPPORTED on Windows.
   */
  setBlocking(listener: ListenerId): void;
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
  /**
   * Like {@link NativeBinding.socketOf}, for code of this process that may close the descriptor at
   * an unknown time. When the addon closes the socket, it keeps the number in use, so that a later
   * close by that code never closes an unrelated file.
   */
  lendListener(listener: ListenerId): number;
  /** Moves a lent socket to another descriptor, so that it has a single owner again. */
  recallListener(listener: ListenerId): void;
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
   * Returns the pid of the process that has the server's side of the connection between this local
   * endpoint and the client's port `remotePort`, or 0 if unknown.
   */
  findConnectionOwner(address: string, port: number, remotePort: number): number;
  /**
   * Returns the pids of the processes of this user that have the lock file open through a
   * descriptor that holds a lock. Returns an empty array except on Linux.
   */
  findLockHolders(path: string): readonly number[];
  /**
   * Returns the start time of a process in a unit of the system. A later process has a larger or
   * equal one, on systems other than Linux only unless the clock was set back. Returns -1 if there
   * is no such process, and 0 if its start time is unknown.
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
  /** Makes two connected stream sockets that no child inherits. Throws ERR_LOCK_UNSUPPORTED on Windows. */
  socketPair(): [number, number];
  /**
   * Reads the token, the byte 'a', from a socket. Returns false if there is none, or if the
   * descriptor is not a socket. Never blocks.
   */
  takeToken(fd: number): boolean;
  /**
   * Tells the other end of a socket that nothing more will be sent, at once. Replies can still be
   * read. Does nothing if the other end is closed, or if the descriptor is not a socket.
   */
  endWrites(fd: number): void;
  /**
   * Sends a state to a service manager, as sd_notify() does. `socketPath` is a path, or '@' and the
   * name of an abstract socket (Linux). Never blocks. Throws ERR_LOCK_UNSUPPORTED on Windows.
   */
  notify(socketPath: string, text: string): void;
  /** Opens a socket that receives the states which a program sends. Throws ERR_LOCK_UNSUPPORTED on Windows. */
  openNotifySocket(path: string): NotifySocketId;
  /**
   * Returns the next state, or null if there is none. Never blocks. A state of more than 4096 bytes
   * is skipped.
   */
  readNotification(socket: NotifySocketId): string | null;
  /** Closes the socket and removes its file. */
  closeNotifySocket(socket: NotifySocketId): void;
  /**
   * Sends a signal to the process that has this pid and start token (see
   * {@link NativeBinding.processStartToken}). Returns false if that process no longer exists.
   * Throws ERR_LOCK_UNSUPPORTED on Windows.
   */
  sendSignal(pid: number, startToken: number, signalNumber: number): boolean;
  /**
   * Reaps the ended child processes whose pids are not in `known`: a process that runs as PID 1
   * inherits orphans. Returns their number. Returns 0 on Windows.
   */
  reapOrphans(known: readonly number[]): number;
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
 * Why a descriptor was not adopted as a lock. `closed`: the descriptor is not open. `other-file`:
 * it is not the regular file at the path. `held`: another process holds the lock.
 */
export type AdoptLockRefusal = 'closed' | 'other-file' | 'held';

/**
 * Why a descriptor was not adopted as a listening socket. `closed`: the descriptor is not open.
 * `not-listening`: it is not a listening TCP socket. `other-address`: it is bound to another address
 * or port.
 */
export type AdoptListenerRefusal = 'closed' | 'not-listening' | 'other-address';

/** The id of a socket that receives notifications, in this Node environment. Ids are never reused. */
export type NotifySocketId = number;

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
