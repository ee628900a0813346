// A running gateway, with its locks, its listener and its cluster lock.
import type { Server } from 'node:net';
import type { BoundListener } from '../bind/bound-listener.js';
import { type CloseOptions, checkCloseOptions, ServerGroup } from '../bind/close-server.js';
import type { ClusterLock } from '../cluster/index.js';
import { webSocketUrl } from '../endpoint.js';
import type { OwnerRecord } from '../errors.js';
import type { FileLock, LostListener, ReclaimReason } from '../lock/internal.js';
import type { LockStrength } from '../native/binding.js';
import { assertInheritable, type ExecProgram, execAs, type Inheritance, inheritanceOf } from './inheritance.js';

export class GatewayLock {
  readonly host: string;
  /** The bound port. With `bind: false`, the port from the options. */
  readonly port: number;
  /** The URL of the gateway: `ws://host:port`. */
  readonly url: string;
  readonly lockPaths: readonly string[];
  /** Why a leftover lock file was reclaimed; null if there was none. */
  readonly reclaimed: ReclaimReason | null;
  /** How reliable locks are on the lock files' file system: `local`, `remote` or `weak`. */
  readonly strength: LockStrength;
  /** The listener on the port; null with `bind: false`. */
  readonly listener: BoundListener | null;
  /** The cluster lock; null without the option `cluster`. */
  readonly cluster: ClusterLock | null;
  readonly #locks: readonly FileLock[];
  /** Runs the `drain` of `close()` if there is no listener. */
  readonly #noServers = new ServerGroup();

  /** @internal */
  constructor(
    host: string,
    port: number,
    locks: readonly FileLock[],
    listener: BoundListener | null,
    cluster: ClusterLock | null,
  ) {
    this.host = host;
    this.port = port;
    this.url = webSocketUrl(host, port);
    this.lockPaths = locks.map((lock) => lock.path);
    this.reclaimed = locks.map((lock) => lock.reclaimed).find((reason) => reason !== null) ?? null;
    this.strength = locks[0]!.strength;
    this.listener = listener;
    this.cluster = cluster;
    // Stops accepting clients when the cluster lock is lost. The program is notified through
    // onLost() or the cluster lock's signal.
    cluster?.onLost(() => void listener?.close());
    this.#locks = locks;
  }

  /** The owner record in the state lock. */
  get owner(): OwnerRecord {
    return this.#locks[0]!.owner!;
  }

  /** The fencing token of the cluster lock; null without the option `cluster`. */
  get token(): bigint | null {
    return this.cluster?.token ?? null;
  }

  /**
   * Passes the bound socket to a Node server (net, tls, http, https). For `ws`, pass its http
   * server.
   *
   * @throws {Error} `ERR_INVALID_STATE` if the option `bind` is false
   * @throws what {@link BoundListener.listen} throws
   */
  async listen(server: Server): Promise<void> {
    if (this.listener === null) throw invalidState('this gateway lock was acquired with bind: false');
    await this.listener.listen(server);
  }

  /**
   * The descriptors and variables that a program needs in order to inherit these locks, and the
   * listening socket unless a server already uses it.
   *
   * @throws {Error} `ERR_INVALID_STATE` if a lock has been released, or if there is a cluster lock
   * @throws {LockError} `ERR_LOCK_UNSUPPORTED` on Windows, where a program cannot inherit a lock
   */
  get inheritance(): Inheritance {
    this.#assertNoCluster();
    return inheritanceOf(this.#locks, this.listener);
  }

  /**
   * Hands the locks over to the child process `pid`, which must have been started with this
   * gateway's {@link inheritance}. Afterwards the owner records name the child, and this process's
   * listener is closed. The locks are released when the child ends or this process calls `close()`.
   * If this process ends first, the child keeps the locks.
   *
   * @throws {RangeError} `ERR_OUT_OF_RANGE`
   * @throws {Error} `ERR_INVALID_STATE` if there is a cluster lock
   * @throws {LockError} `ERR_LOCK_UNSUPPORTED` on Windows
   * @throws what {@link FileLock.updateOwner} throws
   */
  async handOverTo(pid: number): Promise<void> {
    this.#assertNoCluster();
    assertInheritable(this.#locks[0]!);
    for (const lock of this.#locks) lock.handOverTo(pid);
    await this.listener?.close();
  }

  /**
   * Replaces this process with another program (execve), which keeps the pid, the locks and the
   * listening socket. Never returns on success; throws on failure, in which case nothing has
   * changed. When the new program ends, the lock files remain, but do not prevent a later start.
   *
   * @throws {Error} `ERR_INVALID_STATE` if a lock has been released
   * @throws {TypeError} `ERR_INVALID_ARG_*`
   * @throws {Error} the system's error from execve(), for example ENOENT, EACCES or ENOEXEC
   */
  exec(program: ExecProgram): never {
    return execAs(this.inheritance, program);
  }

  /** The descriptors of the lock files, for a program that this process supervises. @internal */
  get lockDescriptors(): readonly number[] {
    return this.#locks.map((lock) => lock.fd);
  }

  /**
   * Returns true if every lock is held, every lock file is in place, and the cluster lock has not
   * expired.
   */
  verify(): boolean {
    // Verifies all locks even if one is lost, because each lost lock must notify its listeners.
    return this.#locks.map((lock) => lock.verify()).every(Boolean) && this.cluster?.held !== false;
  }

  /**
   * Calls `listener` once when a lock is lost. The error code is `ERR_LOCK_REPLACED` if a lock file
   * was removed or replaced, and `ERR_LOCK_EXPIRED` or `ERR_LOCK_REVOKED` if the cluster lock was
   * lost. Returns a function that removes the listener.
   */
  onLost(listener: LostListener): () => void {
    let called = false;
    const once: LostListener = (error) => {
      if (called) return;
      called = true;
      listener(error);
    };
    const undo = [...this.#locks, ...(this.cluster === null ? [] : [this.cluster])].map((lock) => lock.onLost(once));
    return () => {
      for (const off of undo) off();
    };
  }

  /**
   * Closes the gateway so that the next one starts only after this one's last write: stops
   * accepting connections, calls `drain` and waits for it, waits up to `graceMs` milliseconds for
   * open connections to end, destroys the rest, releases the cluster lock, removes the lock files
   * and releases the locks. A step that fails does not prevent the later ones; `close()` then
   * rejects with the first error. May be called again after a failure, or in order to shorten the
   * grace period.
   *
   * @throws the error of `drain`
   * @throws {LockError} `ERR_LOCK_PERMISSION` if a lock file could not be removed. All locks are
   * released anyway, and the remaining file does not prevent a later start.
   * @throws the system's error if removing a lock file fails for another reason
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const checked = checkCloseOptions(options);
    // Step 14 of docs/protocol.md.
    await runAll([
      () => (this.listener ?? this.#noServers).close(checked),
      () => this.cluster?.release(),
      ...this.#locks.toReversed().map((lock) => () => lock.release()),
    ]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Throws if there is a cluster lock, because a program that inherits the locks does not know the
   * claim on the cluster lock, and this process stops renewing it when it ends.
   */
  #assertNoCluster(): void {
    if (this.cluster !== null) throw invalidState('a gateway with a cluster lock cannot be handed over');
  }
}

function invalidState(message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_INVALID_STATE' });
}

/** Runs every step in order, even if one fails, then throws the first error that occurred. */
async function runAll(steps: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
