// What a gateway holds while it runs: its locks and its listening socket.
import type { Server } from 'node:net';
import type { BoundListener, CloseOptions } from '../bind/bound-listener.js';
import type { ClusterLock } from '../cluster/index.js';
import { webSocketUrl } from '../endpoint.js';
import type { OwnerRecord } from '../errors.js';
import type { FileLock, LostListener, ReclaimReason } from '../lock/internal.js';
import type { LockStrength } from '../native/binding.js';
import { assertInheritable, type ExecProgram, execAs, type Inheritance, inheritanceOf } from './inheritance.js';

export class GatewayLock {
  readonly host: string;
  /** The port that is bound; the port asked for with `bind: false`. */
  readonly port: number;
  /** `ws://host:port` */
  readonly url: string;
  readonly lockPaths: readonly string[];
  /** Why a leftover lock file could be taken; null when there was none. */
  readonly reclaimed: ReclaimReason | null;
  /** How far the file system of the locks can be trusted: `local`, `remote` or `weak`. */
  readonly strength: LockStrength;
  /** null with `bind: false`. */
  readonly listener: BoundListener | null;
  /** The lock on the cluster; null without the option `cluster`. */
  readonly cluster: ClusterLock | null;
  readonly #locks: readonly FileLock[];

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
    // Nobody new is served; the program hears of the loss through onLost() or the signal of the cluster lock.
    cluster?.onLost(() => void listener?.close());
    this.#locks = locks;
  }

  /** The record in the state lock. */
  get owner(): OwnerRecord {
    return this.#locks[0]!.owner!;
  }

  /** The fencing token of the cluster lock; null without the option `cluster`. */
  get token(): bigint | null {
    return this.cluster?.token ?? null;
  }

  /**
   * Hands the bound socket to a server of Node's (net, tls, http, https). For `ws`: give it that http server.
   *
   * @throws what {@link BoundListener.listen} throws; {Error} `ERR_INVALID_STATE` with `bind: false`
   */
  async listen(server: Server): Promise<void> {
    if (this.listener === null) {
      throw Object.assign(new Error('this gateway lock was acquired with bind: false'), { code: 'ERR_INVALID_STATE' });
    }
    await this.listener.listen(server);
  }

  /**
   * What a program needs to inherit these locks and, unless a server has it already, the listening socket.
   *
   * @throws {Error} `ERR_INVALID_STATE` when a lock is released; {LockError} `ERR_LOCK_UNSUPPORTED` on Windows,
   *   where no program inherits a lock
   */
  get inheritance(): Inheritance {
    this.#assertNoCluster();
    return inheritanceOf(this.#locks, this.listener);
  }

  /**
   * The child `pid` was started with the {@link inheritance}: from now on the records name it, and the port is
   * its own. The locks live until it ends or `close()`, whichever is first; when this process ends in whatever way,
   * until that child does.
   *
   * @throws {RangeError} `ERR_OUT_OF_RANGE`; what {@link FileLock.updateOwner} throws; {LockError}
   *   `ERR_LOCK_UNSUPPORTED` on Windows
   */
  async handOverTo(pid: number): Promise<void> {
    this.#assertNoCluster();
    assertInheritable(this.#locks[0]!);
    for (const lock of this.#locks) lock.handOverTo(pid);
    await this.listener?.close();
  }

  /**
   * Replaces this process by another program (execve), which keeps its pid and holds what it held. Returns only
   * by throwing, and then nothing has changed. The lock files stay behind when that program ends, and block nothing.
   *
   * @throws the system's error: ENOENT, EACCES, ENOEXEC ...; {TypeError} `ERR_INVALID_ARG_*`; {Error}
   *   `ERR_INVALID_STATE` when a lock is released
   */
  exec(program: ExecProgram): never {
    return execAs(this.inheritance, program);
  }

  /** The descriptors of the host's locks, for a program that this process supervises. @internal */
  get lockDescriptors(): readonly number[] {
    return this.#locks.map((lock) => lock.fd);
  }

  /** Whether every lock is held, each lock file in place, and the deadline of the cluster lock not passed. */
  verify(): boolean {
    // No short cut: each lock that is lost must tell its listeners.
    return this.#locks.map((lock) => lock.verify()).every(Boolean) && this.cluster?.held !== false;
  }

  /**
   * Calls `listener` once: with `ERR_LOCK_REPLACED` when a lock file is removed or replaced under this gateway, with
   * `ERR_LOCK_EXPIRED` or `ERR_LOCK_REVOKED` when the cluster lock is lost.
   */
  onLost(listener: LostListener): () => void {
    let told = false;
    const once: LostListener = (error) => {
      if (told) return;
      told = true;
      listener(error);
    };
    const undo = [...this.#locks, ...(this.cluster === null ? [] : [this.cluster])].map((lock) => lock.onLost(once));
    return () => {
      for (const off of undo) off();
    };
  }

  /**
   * Closes the server, then the listener, releases the cluster lock, then removes the lock files and drops the locks, in that order: the next gateway starts
   * only when this one has done its last write. May be called again: after it failed, or while it waits, to shorten the grace.
   *
   * @throws {LockError} `ERR_LOCK_PERMISSION`, or the system's own error, if a lock file could not be removed. Every lock is dropped
   *   all the same, and the file that stays blocks nothing.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    // Step 14 of docs/protocol.md.
    await this.listener?.close(options);
    try {
      await this.cluster?.release();
    } finally {
      releaseAll(this.#locks.toReversed());
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A successor would not know the claim, and this process could not renew it once it is gone. */
  #assertNoCluster(): void {
    if (this.cluster === null) return;
    throw Object.assign(new Error('a gateway with a cluster lock cannot be handed over'), {
      code: 'ERR_INVALID_STATE',
    });
  }
}

/** @throws the first failure, after every lock is released */
function releaseAll(locks: readonly FileLock[]): void {
  const failures: unknown[] = [];
  for (const lock of locks) {
    try {
      lock.release();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
