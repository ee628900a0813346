// A running gateway, with its locks, its listener and its cluster lock.
import type { Server } from 'node:net';
import type { BoundListener } from '../bind/bound-listener.js';
import { type CloseOptions, checkCloseOptions, ServerGroup } from '../bind/close-server.js';
import type { ClusterLock } from '../cluster/index.js';
import { type Endpoint, webSocketUrl } from '../endpoint.js';
import type { OwnerRecord } from '../errors.js';
import type { FileLock, LostListener, OwnerFields, ReclaimReason } from '../lock/internal.js';
import type { LockStrength } from '../native/binding.js';
import { programsInherit } from '../native/platform.js';
import { assertInheritable, type ExecProgram, execAs, type Inheritance, inheritanceOf } from './inheritance.js';
import type { Succession } from './inherited/succession.js';
import { notifyReady, notifyServiceManager } from './service-manager.js';
import type { UpgradeOptions, UpgradeOutcome } from './upgrade/upgrade-options.js';
import { Upgrades } from './upgrade.js';

/** What a start has acquired or adopted. */
export interface GatewayParts extends Pick<GatewayLock, 'listener' | 'cluster' | 'inheritedFrom'> {
  readonly locks: readonly FileLock[];
}

/**
 * A running gateway: its locks and its bound port. Created by {@link acquireGatewayLock}.
 *
 * @example
 * const lock: GatewayLock = await acquireGatewayLock();
 * const stopWatching = lock.onLost((error) => console.error(error.message));
 * console.log(lock.url, lock.owner.pid, lock.verify()); // ws://127.0.0.1:18789 4711 true
 * stopWatching();
 * await lock.close();
 */
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
  /**
   * Who passed the locks or the socket to this process: `upgrade`, the gateway that this one
   * replaces; `run`, the command `gateway-lock run`; `systemd`, which passes only the socket. Null
   * if nothing was adopted.
   */
  readonly inheritedFrom: 'upgrade' | 'run' | 'systemd' | null;
  readonly #locks: readonly FileLock[];
  readonly #succession: Succession | null;
  readonly #upgrades: Upgrades;
  #isOpen = true;
  #isHandedOver = false;
  #isReported = false;
  #ready: Promise<void> | undefined;
  /** Runs the `drain` of `close()` if there is no listener. */
  readonly #noServers = new ServerGroup();

  /** `succession` is null unless the locks were adopted. @internal */
  constructor({ host, port }: Endpoint, parts: GatewayParts, succession: Succession | null) {
    const { locks, listener, cluster, inheritedFrom } = parts;
    this.host = host;
    this.port = port;
    this.url = webSocketUrl(host, port);
    this.lockPaths = locks.map((lock) => lock.path);
    this.reclaimed = locks.map((lock) => lock.reclaimed).find((reason) => reason !== null) ?? null;
    this.strength = locks[0]!.strength;
    this.listener = listener;
    this.cluster = cluster;
    this.inheritedFrom = inheritedFrom;
    this.#succession = succession;
    // Stops accepting clients when the cluster lock is lost. The program is notified through
    // onLost() or the cluster lock's signal.
    cluster?.onLost(() => void listener?.close());
    this.#locks = locks;
    this.#upgrades = new Upgrades(locks, listener, () => this.#giveUp());
  }

  /**
   * The owner record in the state lock. An adopted lock's record is written when {@link ready}
   * resolves.
   */
  get owner(): OwnerRecord {
    return this.#locks[0]!.owner!;
  }

  /** The fencing token of the cluster lock; null without the option `cluster`. */
  get token(): bigint | null {
    return this.cluster?.token ?? null;
  }

  /**
   * Passes the bound socket to a Node server (net, tls, http, https). For `ws`, pass its http
   * server. If the locks were adopted, first calls {@link ready}. Sends READY=1 to systemd
   * (Type=notify) unless {@link ready} has done so.
   *
   * @throws {Error} `ERR_INVALID_STATE` if the option `bind` is false
   * @throws what {@link BoundListener.listen} and {@link ready} throw
   */
  async listen(server: Server): Promise<void> {
    if (this.listener === null) throw invalidState('this gateway lock was acquired with bind: false');
    if (this.#isSuccessor) await this.ready();
    await this.listener.listen(server);
    // systemd (Type=notify) waits for this message, also from a program that does not call ready().
    if (this.#ready === undefined) this.#notifyReady();
  }

  /**
   * Reports that this gateway is prepared, and resolves once no other process owns the state. Call
   * it after loading and before the first change of the state. If the locks were adopted, the
   * predecessor then stops accepting clients, ends its open connections, and leaves; clients that
   * connect meanwhile wait. Under systemd (Type=notify) also sends READY=1 and MAINPID. Without a
   * predecessor, resolves at once. May be called several times.
   *
   * @throws {Error} `ERR_INVALID_STATE` if this gateway lock is closed, or is closed before the
   * predecessor has left
   * @throws {GatewayLockError} `ERR_GATEWAY_LOCKED` if the predecessor released a lock and another
   * process acquired it. This gateway lock is closed then.
   */
  async ready(): Promise<void> {
    if (!this.#isOpen) throw closedError();
    this.#ready ??= this.#prepare();
    await this.#ready;
  }

  /**
   * The descriptors and variables that a program needs in order to inherit these locks, and the
   * listening socket unless a server already uses it.
   *
   * @throws {Error} `ERR_INVALID_STATE` if a lock has been released, if there is a cluster lock, or
   * during an {@link upgrade} and until its successor has exited
   * @throws {LockError} `ERR_LOCK_UNSUPPORTED` on Windows, where a program cannot inherit a lock
   */
  get inheritance(): Inheritance {
    this.#assertNoCluster();
    this.#assertNoUpgrade();
    if (this.#isSuccessor) throw invalidState('the predecessor still owns the locks: await ready() first');
    return inheritanceOf(this.#locks, this.listener);
  }

  /**
   * Hands the locks over to the child process `pid`, which must have been started with this
   * gateway's {@link inheritance}. Afterwards the owner records name the child, this process's
   * listener is closed, and `close()` does the same as {@link leave}. The locks are released when
   * the child ends.
   *
   * @throws {RangeError} `ERR_OUT_OF_RANGE`
   * @throws {Error} `ERR_INVALID_STATE` if there is a cluster lock, or during an {@link upgrade} and
   * until its successor has exited
   * @throws {LockError} `ERR_LOCK_UNSUPPORTED` on Windows
   * @throws what {@link FileLock.updateOwner} throws
   */
  async handOverTo(pid: number): Promise<void> {
    this.#assertNoCluster();
    this.#assertNoUpgrade();
    assertInheritable(this.#locks[0]!);
    for (const lock of this.#locks) lock.handOverTo(pid);
    this.#isHandedOver = true;
    await this.listener?.close();
  }

  /**
   * Names the child process `pid` in the owner records, with additional `fields`. Unlike after
   * {@link handOverTo}, `close()` still releases the locks, also for the child. @internal
   */
  nameHolder(pid: number, fields?: OwnerFields): void {
    for (const lock of this.#locks) lock.nameHolder(pid, fields);
  }

  /**
   * Replaces this gateway by a successor, a new process that inherits the locks and the listening
   * socket. Clients that connect meanwhile wait; none is refused. The successor calls
   * {@link acquireGatewayLock} with the same options, then {@link ready} or {@link listen}. On
   * Windows it inherits only the socket, and `acquireGatewayLock` waits until this gateway has
   * released the locks.
   *
   * Once the successor is ready, this gateway stops accepting, calls `drain`, waits up to `graceMs`
   * for its open connections to end, and waits for `drain`. Then it leaves the locks and the socket
   * to the successor, and this process should exit. If the successor fails before that, this gateway
   * accepts again, and the outcome is `kept`. If this process dies, the successor takes over.
   *
   * @throws {Error} `ERR_INVALID_STATE` if this gateway lock is closed, is not {@link ready}, has a
   * cluster lock, or was passed down by `gateway-lock run`, which replaces its program itself; on
   * Windows also before {@link listen}
   * @throws {LockError} `ERR_LOCK_UNSUPPORTED` in Deno and in Bun
   * @throws {TypeError} `ERR_INVALID_ARG_*`
   * @throws {RangeError} `ERR_OUT_OF_RANGE`
   * @throws what `drain` throws, and `signal.reason` if the signal aborts. This gateway accepts
   * again then.
   */
  async upgrade(options: UpgradeOptions = {}): Promise<UpgradeOutcome> {
    this.#assertNoCluster();
    if (!this.#isOpen || this.#isHandedOver) throw closedError();
    if (this.#isSuccessor) throw invalidState('the predecessor still owns the locks: await ready() first');
    if (this.inheritedFrom === 'run') {
      throw invalidState('`gateway-lock run` keeps the locks: replace the gateway with `gateway-lock reload`');
    }
    return this.#upgrades.start(options);
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

  /** Calls {@link FileLock.updateHolder} for each lock. @internal */
  updateHolder(fields: OwnerFields): void {
    for (const lock of this.#locks) lock.updateHolder(fields);
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
   * accepting connections, calls `drain`, waits up to `graceMs` milliseconds for open connections to
   * end, destroys the rest, waits for `drain`, releases the cluster lock, removes the lock files and
   * releases the locks. A step that fails does not prevent the later ones; `close()` then rejects
   * with the first error. May be called again after a failure, or in order to shorten the grace
   * period. During an {@link upgrade}, first ends the successor, which takes up to 10 s.
   *
   * Does the same as {@link leave} if another process keeps the locks: after `handOverTo()`, before
   * the predecessor has left, and under `gateway-lock run`. If this gateway was {@link ready} under
   * systemd, first sends STOPPING=1.
   *
   * @throws the error of `drain`
   * @throws {LockError} `ERR_LOCK_PERMISSION` if a lock file could not be removed. All locks are
   * released anyway, and the remaining file does not prevent a later start.
   * @throws the system's error if removing a lock file fails for another reason
   */
  async close(options: CloseOptions = {}): Promise<void> {
    if (this.#isHandedOver || this.#isSuccessor) return this.leave(options);
    const checked = checkCloseOptions(options);
    // Step 14 of docs/protocol.md.
    if (this.#isOpen && this.#ready !== undefined) notifyServiceManager('STOPPING=1');
    this.#isOpen = false;
    await runAll([
      () => this.#upgrades.inProgress && this.#upgrades.stop(),
      () => this.#closeServers(checked),
      () => this.cluster?.release(),
      ...this.#locks.toReversed().map((lock) => () => lock.release()),
    ]);
  }

  /**
   * Leaves the locks and the port to the processes that have inherited them. Closes the server and
   * the listener as `close()` does, then closes this process's copies of the locks. Neither unlocks
   * nor changes the lock files. If no other process has a copy, the kernel releases everything.
   *
   * @throws {Error} `ERR_INVALID_STATE` if there is a cluster lock
   */
  async leave(options: CloseOptions = {}): Promise<void> {
    this.#assertNoCluster();
    const checked = checkCloseOptions(options);
    this.#isOpen = false;
    if (this.#isSuccessor) this.#succession!.leave(closedError());
    // Step 19 of docs/protocol.md.
    await runAll([() => this.#closeServers(checked), ...this.#locks.toReversed().map((lock) => () => lock.leave())]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #closeServers(options: CloseOptions): Promise<void> {
    return (this.listener ?? this.#noServers).close(checkCloseOptions(options));
  }

  /** Leaves the locks and the sockets to a successor. On Windows the successor acquires the locks. */
  async #giveUp(): Promise<void> {
    if (programsInherit) return this.leave({ graceMs: 0 });
    // An error means that a lock file could not be removed. All locks are released anyway.
    await this.close({ graceMs: 0 }).catch(() => {});
  }

  /** True while a predecessor may own the state. */
  get #isSuccessor(): boolean {
    return this.#succession?.isComplete === false;
  }

  async #prepare(): Promise<void> {
    if (this.#succession === null) return this.#notifyReady();
    try {
      await this.#succession.complete();
    } catch (error) {
      if (this.#isOpen) await this.leave({ graceMs: 0 });
      throw error;
    }
  }

  /** Sends READY=1 once, although both listen() and ready() report it. */
  #notifyReady(): void {
    if (!this.#isReported) notifyReady();
    this.#isReported = true;
  }

  /**
   * Throws if there is a cluster lock, because a program that inherits the locks does not know the
   * claim on the cluster lock, and this process stops renewing it when it ends.
   */
  #assertNoCluster(): void {
    if (this.cluster !== null) throw invalidState('a gateway with a cluster lock cannot be handed over');
  }

  /**
   * Throws while there is a successor. The successor takes over when this process ends or is
   * replaced, and there would be two holders then.
   */
  #assertNoUpgrade(): void {
    if (this.#upgrades.inProgress) throw invalidState('the successor of an upgrade has not exited yet');
  }
}

function closedError(): Error {
  return invalidState('this gateway lock is closed');
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
