// A waiter: stands in the queue, sleeps, and is woken by the system when an attempt may succeed.
//
// No release is missed, because the order is: watch, attempt, sleep. The attempt finds what was
// released before the watch. The watch reports what is released later, and the report is kept until
// the sleep begins. A report may come too early, because the kernel reports a close before it drops
// the lock: a waiter that was woken and refused backs off, then watches and tries again. Anything
// else that could be missed (the owner's pid was used again between two checks) costs RECHECK_MS,
// not the lock. docs/decisions/0014 has the complete list.
import { monotonicMs } from '../clock.js';
import { channelOf } from '../events.js';
import type { WaiterId, WatchResult } from '../native/binding.js';
import { native } from '../native/load.js';
import { Sleep, warmUpTimers } from '../sleep.js';
import { type AttemptContext, attempt, lastAttempt } from './attempt.js';
import { backoffDelays, MAX_BACKOFF_MS } from './backoff.js';
import type { FileLock, WaitMode } from './file-lock.js';
import { RETRY_DELAY_MS } from './grace-period.js';
import type { AttemptRequest } from './lock-options.js';
import { isOwnerAlive } from './process-identity.js';
import { warmUpRecord } from './record-encoder.js';
import { parseRecord } from './record-parser.js';
import { QueueEntry } from './wait-queue.js';

/** Milliseconds between two attempts at a lock that is watched. */
const RECHECK_MS = 2000;

/** How long to wait. The options of {@link acquireLock}, checked. */
export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onContended: (() => void | Promise<void>) | undefined;
}

export class Waiter {
  readonly #request: AttemptRequest;
  readonly #signal: AbortSignal | undefined;
  readonly #deadline: number;
  readonly #maxSleepMs: number;
  readonly #entry: QueueEntry;
  readonly #sleep = new Sleep();
  readonly #delays = backoffDelays();
  #id: WaiterId | undefined;
  /** The watch has reported something since the last attempt. */
  #woken = false;
  /** An attempt was refused although the watch had reported something. */
  #wokenInVain = false;
  #watched: WatchResult = 'nothing';
  #waitMode: WaitMode | null = null;

  /** Enters the queue of the lock. The timeout begins now. */
  constructor(request: AttemptRequest, { timeoutMs, signal, onContended }: WaitOptions) {
    this.#request = request;
    this.#signal = signal;
    this.#deadline = monotonicMs() + timeoutMs;
    this.#maxSleepMs = onContended === undefined ? Number.POSITIVE_INFINITY : MAX_BACKOFF_MS;
    this.#entry = new QueueEntry(request.path, () => this.#sleep.end());
  }

  get hasTimedOut(): boolean {
    return monotonicMs() >= this.#deadline;
  }

  /** Returns null if the attempt was refused, or if another waiter of this thread comes first. */
  try(): FileLock | null {
    if (!this.#entry.isFirst) return null;
    this.#wokenInVain ||= this.#woken;
    this.#woken = false;
    return attempt(this.#request, this.#context());
  }

  /**
   * Makes the last attempt, also if another waiter comes first. Retries until no prober can be the
   * reason of a refusal.
   */
  tryForTheLastTime(): Promise<FileLock | null> {
    return lastAttempt(this.#request, this.#context(), this.#signal);
  }

  /** Sleeps until an attempt may succeed. Returns the lock if it was free when the watch began. */
  async sleep(): Promise<FileLock | null> {
    // Back off after a false wake-up. Otherwise waiters (or a waiter and a busy prober) would keep
    // waking each other.
    if (this.#wokenInVain) await this.#sleepAtMost(backoffDelays().next().value);
    this.#wokenInVain = false;
    if (!this.#entry.isFirst) {
      this.#waitMode = 'watch';
      await this.#sleepAtMost(Number.POSITIVE_INFINITY);
      return null;
    }
    // Watches again each time, because another process may have inherited the lock since.
    const lock = this.#watch();
    if (lock === null) warmUp();
    if (lock === null && !this.#woken) await this.#sleepUntilDue();
    return lock;
  }

  close(): void {
    this.#entry.leave();
    if (this.#id !== undefined) closeLater(this.#id);
  }

  async #sleepUntilDue(): Promise<void> {
    // A short sleep: after a long one, two separate failures would look like one that lasts. On
    // Windows the holders of a busy lock keep other processes from opening the file for a moment at
    // each release.
    if (this.#request.gracePeriods.openFailed) return this.#sleepAtMost(RETRY_DELAY_MS.transient);
    const reportsEveryRelease = this.#watched === 'owner' || this.#watched === 'file';
    await this.#sleepAtMost(reportsEveryRelease ? RECHECK_MS : this.#delays.next().value);
    if (!reportsEveryRelease && !this.#woken) this.#waitMode = 'poll';
  }

  /** Begins to watch, then makes the attempt that finds an earlier release. */
  #watch(): FileLock | null {
    this.#watched = native().watch(this.#createWaiter(), this.#ownerPid());
    this.#waitMode ??= this.#watched === 'nothing' ? 'poll' : 'watch';
    if (this.#watched === 'gone') this.#wake();
    return this.#watched === 'nothing' || this.#watched === 'gone' ? null : this.try();
  }

  /**
   * Returns the process whose death frees the lock, or 0 if there is none to watch. An older
   * gateway holds no kernel lock and also makes way when its port becomes free, which no watch
   * reports.
   */
  #ownerPid(): number {
    const owner = parseRecord(native().holderRecord(this.#createWaiter()));
    return owner?.kernelLock && isOwnerAlive(owner) === true ? owner.pid : 0;
  }

  #context(): AttemptContext {
    return { waiter: this.#entry.isFirst ? this.#createWaiter() : undefined, waitMode: this.#waitMode };
  }

  #createWaiter(): WaiterId {
    const { path, flags } = this.#request;
    this.#id ??= native().createWaiter(path, flags, () => this.#wake());
    return this.#id;
  }

  #wake(): void {
    this.#woken = true;
    this.#waitMode = 'watch';
    this.#sleep.end();
  }

  #sleepAtMost(delayMs: number): Promise<void> {
    const remainingMs = Math.max(0, this.#deadline - monotonicMs());
    return this.#sleep.begin(Math.min(delayMs, this.#maxSleepMs, remainingMs), this.#signal);
  }
}

/** The number of ended waiters whose lock file may still be open. */
const MAX_CLOSING = 16;
let closing: WaiterId[] = [];

/**
 * Closes the waiter's file later, so that cleaning up does not delay the caller that has just
 * acquired the lock. Closes at once after {@link MAX_CLOSING} waiters, because immediates do not
 * run while a caller does nothing but await locks.
 */
function closeLater(id: WaiterId): void {
  if (closing.length === 0) setImmediate(closeEnded);
  closing.push(id);
  if (closing.length >= MAX_CLOSING) closeEnded();
}

function closeEnded(): void {
  const ended = closing;
  closing = [];
  for (const id of ended) native().closeWaiter(id);
}

let warmedUp = false;

/**
 * Warms up the code that runs between wake-up and acquire. Its first run in a process costs 0.7 ms
 * of 1.1 ms between the two; the waiter is idle now.
 */
function warmUp(): void {
  if (warmedUp) return;
  warmedUp = true;
  warmUpRecord();
  warmUpTimers();
  channelOf('gateway-lock:reclaim');
  channelOf('gateway-lock:acquire');
}
