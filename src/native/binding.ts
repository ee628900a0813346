// What native/binding exports, typed by hand; test/integration/binding.test.ts compares the names.
// Errors of the system have Node's shape (code, errno, syscall, path or address and port); the others
// carry an ERR_LOCK_* code and a `detail`.

export interface NativeBinding {
  /** Never waits. A string: somebody else holds it, and this is what the file says of whom; '' when it says nothing. */
  tryAcquire(path: string, shared: boolean, allowWeak: boolean): LockId | string;
  isHeld(lock: LockId): boolean;
  /** The file did not exist before. */
  wasCreated(lock: LockId): boolean;
  /** -1 once it is released. */
  descriptorOf(lock: LockId): number;
  strengthOf(lock: LockId): LockStrength;
  readRecord(lock: LockId): string;
  writeRecord(lock: LockId, record: string): void;
  namesThisFile(lock: LockId): boolean;
  /** From now on the end of this environment leaves the lock to the program that has inherited it. */
  handOver(lock: LockId): void;
  /** Removes the file and lets go; false when it was not held. On failure it is still held. */
  release(lock: LockId): boolean;
  /** Lets go and leaves the file. */
  abandon(lock: LockId): void;
  /** Costs no system call. `wake`: what {@link NativeBinding.watch} watches has changed, or seems to. */
  contend(path: string, shared: boolean, allowWeak: boolean, wake: () => void): ContenderId;
  /** As {@link NativeBinding.tryAcquire}. */
  tryAgain(contender: ContenderId): LockId | string;
  /** What the file says whose lock was refused; '' when none was. */
  refusedRecord(contender: ContenderId): string;
  /** From now on, until `wake` was called once. 0: whose death would free the lock is not known. */
  watch(contender: ContenderId, ownerPid: number): Watched;
  closeContender(contender: ContenderId): void;
  probeLock(path: string): NativeLockProbe;
  ensureLockDirectory(path: string, tighten: boolean): void;
  listen(address: string, port: number, backlog: number): ListenerId;
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
  askPort(address: string, port: number): 'refused' | 'answers' | 'silent';
  /** Whether the system's table shows a listener that a bind would meet; a wildcard meets all. */
  hasListener(address: string, port: number): boolean;
  /** The pid of the listener; 0 when unknown. */
  findPortOwner(address: string, port: number): number;
  /** To be compared for equality only. -1: there is no such process; 0: it lives, and when it began is unknown. */
  startTimeOf(pid: number): number;
  /** Milliseconds since 1970; 0 when unknown. */
  startedAtMs(pid: number): number;
  /** Each argument ended by a NUL; '' when unknown. */
  commandLine(pid: number): string;
  /** Returns only by throwing: this process is another program then, with `inherit` as its descriptors from 3 on. */
  exec(path: string, args: readonly string[], environment: readonly string[], inherit: readonly number[]): void;
  /** Windows only: what this process starts from now on, and whatever that starts, ends when this process does. */
  tieChildren(): void;
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
export type ContenderId = number;

/**
 * What is watched: the file and the owner's process; only the file, which tells of a death as well; only the file, which
 * does not (Windows); nothing, because that is not possible here (limits, remote file system); or nothing because the file is
 * gone, so that a try is due.
 */
export type Watched = 'owner' | 'file' | 'release' | 'nothing' | 'gone';

/** Names a listening socket of this environment. Never given twice. Losing it closes nothing. */
export type ListenerId = number;

/**
 * How far the lock can be trusted: `kernel` is local and was seen to exclude; `remote` excludes on this
 * host, and other hosts perhaps not; `weak` was seen NOT to exclude.
 */
export type LockStrength = 'kernel' | 'remote' | 'weak';

export interface NativeLockProbe {
  readonly state: 'missing' | 'free' | 'exclusive' | 'shared';
  readonly record: string;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}
