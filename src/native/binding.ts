// What native/binding exports, typed by hand; test/integration/binding.test.ts compares the names.
// Errors of the system have Node's shape (code, errno, syscall, path or address and port); the others
// carry an ERR_LOCK_* code and a `detail`.

export interface NativeBinding {
  /**
   * Never waits. `flags`: from {@link LOCK_FLAG}. A string if another process holds the lock: the holder's record, '' if there is
   * none.
   */
  tryAcquire(path: string, flags: number): LockId | string;
  isHeld(lock: LockId): boolean;
  /** Whether the file was new or empty when it was locked. */
  isBlank(lock: LockId): boolean;
  /** -1 once it is released. */
  descriptorOf(lock: LockId): number;
  strengthOf(lock: LockId): LockStrength;
  readContent(lock: LockId): LockFileContent;
  /** Replaces the content, whatever it is. */
  writeRecord(lock: LockId, record: string): void;
  isFileInPlace(lock: LockId): boolean;
  /** From now on the end of this environment leaves the lock to the program that has inherited it. */
  handOver(lock: LockId): void;
  /**
   * Removes the file, or clears our record in a kept one, and drops the lock. Returns false if it was not held. Throws where the
   * file could not be tidied up: the lock is dropped all the same.
   */
  release(lock: LockId): boolean;
  /** As release(), for an attempt that failed: never throws, and never removes a file that the attempt did not create. */
  undo(lock: LockId): void;
  /** Drops the lock and leaves the file as it is. */
  unlock(lock: LockId): void;
  /** Costs no system call. `wake`: what {@link NativeBinding.watch} watches has changed, or seems to. */
  createWaiter(path: string, flags: number, wake: () => void): WaiterId;
  /** As {@link NativeBinding.tryAcquire}. */
  retry(waiter: WaiterId): LockId | string;
  /** What the file says whose lock was refused; '' when none was. */
  holderRecord(waiter: WaiterId): string;
  /** From now on, until `wake` was called once. 0: whose death would free the lock is not known. */
  watch(waiter: WaiterId, ownerPid: number): WatchResult;
  closeWaiter(waiter: WaiterId): void;
  /** Of `flags` only the access counts. */
  probeLock(path: string, flags: number): NativeLockProbe;
  /** Whether the process `pid` holds a lock on the same file through another mount. False where the system does not tell. */
  isHeldInOtherView(path: string, pid: number): boolean;
  /** Whether a process has this SQLite database in an exclusive transaction. */
  isSqliteLocked(path: string): boolean;
  ensureLockDirectory(path: string, tighten: boolean): void;
  listen(address: string, port: number, backlog: number): ListenerId;
  /** For an address of a wildcard that this process listens on already. EADDRINUSE where another socket has exactly this address. */
  listenBeside(address: string, port: number, backlog: number): ListenerId;
  /** As it was given to {@link NativeBinding.listen}; '' once closed or detached. */
  addressOf(listener: ListenerId): string;
  /** 0 once closed or detached. */
  portOf(listener: ListenerId): number;
  /** The descriptor; on Windows the SOCKET. -1 once closed or detached. */
  socketOf(listener: ListenerId): number;
  /** From now on somebody else closes the socket. */
  detachListener(listener: ListenerId): void;
  closeListener(listener: ListenerId): void;
  /** Throws when the address could not be bound just now. */
  tryBind(address: string, port: number): void;
  probePort(address: string, port: number): 'refused' | 'accepted' | 'timed-out';
  /** Whether the system's table shows a listener that a bind would meet; a wildcard meets all. */
  hasListener(address: string, port: number): boolean;
  /** The pid of the listener; 0 when unknown. */
  findListenerPid(address: string, port: number): number;
  /** The process of a connection whose local port this is; 0 when unknown. */
  findConnectionPid(address: string, port: number): number;
  /** To be compared for equality only. -1: there is no such process; 0: it lives, and when it began is unknown. */
  processStartToken(pid: number): number;
  /** Milliseconds since 1970; 0 when unknown. */
  processStartMs(pid: number): number;
  /** Each argument ended by a NUL; '' when unknown. */
  commandLine(pid: number): string;
  /** Returns only by throwing: this process is another program then, with `inherit` as its descriptors from 3 on. */
  exec(path: string, args: readonly string[], environment: readonly string[], inherit: readonly number[]): void;
  /** Windows only: what this process starts from now on, and whatever that starts, ends when this process does. */
  killChildrenOnExit(): void;
  /** Milliseconds since an arbitrary moment, the time in suspend included. Never goes back. */
  bootClockMs(): number;
  /** '' when unknown. */
  bootId(): string;
  /** '' when unknown. */
  pidNamespace(): string;
}

/**
 * Names a lock of this environment. Never given twice; after its release it names a lock that is not held. Losing it
 * releases nothing.
 */
export type LockId = number;

/** Names one who waits, and keeps the file open between two tries (on Windows closed). Never given twice. */
export type WaiterId = number;

/**
 * What is watched: the file and the owner's process; only the file, which tells of a death as well; only the file, which
 * does not (Windows); nothing, because that is not possible here (limits, remote file system); or nothing because the file is
 * gone, so that a try is due.
 */
export type WatchResult = 'owner' | 'file' | 'release' | 'nothing' | 'gone';

/** Names a listening socket of this environment. Never given twice. Losing it closes nothing. */
export type ListenerId = number;

/**
 * How far the lock can be trusted: `local` is local and was seen to exclude; `remote` excludes on this
 * host, and other hosts perhaps not; `weak` was seen NOT to exclude.
 */
export type LockStrength = 'local' | 'remote' | 'weak';

/** What a lock file holds. */
export interface LockFileContent {
  /** The first 4096 bytes as UTF-8. */
  readonly text: string;
  /** Bytes. */
  readonly size: number;
  /** The file has hard links. */
  readonly hasOtherNames: boolean;
}

export interface NativeLockProbe extends LockFileContent {
  readonly state: 'missing' | 'free' | 'exclusive' | 'shared';
}

/** The options of a lock as one integer; native/binding/lock_flags.h has the same bits. */
export const LOCK_FLAG = { shared: 1, allowWeak: 2, keepFile: 4, existingFile: 8, group: 16, everyone: 32 } as const;
