// A waiter: enters a lock's queue, sleeps, and is woken by the system when an attempt may succeed.
//
// No release is missed, because a waiter first watches the lock, then makes an attempt, then
// sleeps. The attempt succeeds if the lock was released before the watch began; a later release is
// reported by the watch, even if the sleep has not begun yet. A report may come too early, because
// the kernel reports a close before it drops the lock. In that case the waiter is refused, backs
// off, watches the lock again and makes another attempt. If a release is missed for any other
// reason (for example, the owner's pid was reused between two checks), the waiter notices it at its
// next attempt, after 2 s at first and after 30 s at the latest (backoff.ts). docs/decisions/0014 has
// the complete list.
import { monotonicMs } from '../clock.js';
import { channelOf } from '../events.js';
import type { WaiterId, WatchResult } from '../native/binding.js';
import { native } from '../native/load.js';
import { blockThread, Sleep, warmUpSleep } from '../sleep.js';
import { type AttemptContext, attempt, lastAttempt, warmUpAttempt } from './attempt.js';
import { backoffDelays, MAX_BACKOFF_MS, recheckDelays } from './backoff.js';
import type { FileLock, WaitMode } from './file-lock.js';
import { RETRY_DELAY_MS } from './grace-period.js';
import type { AttemptRequest } from './lock-options.js';
import { isOwnerAlive } from './process-identity.js';
import { parseRecord } from './record-parser.js';
import { QueueEntry } from './wait-queue.js';

/** The checked options of a wait, from {@link acquireLock}. */
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
  #recheckDelays = recheckDelays();
  #id: WaiterId | undefined;
  /** True if the watch has reported an event since the last attempt. */
  #woken = false;
  /** True if an attempt was refused after the watch had reported an event. */
  #wokenInVain = false;
  #watched: WatchResult = 'nothing';
  #waitMode: WaitMode | null = null;

  /** Called by the addon. */
  readonly #wake = (): void => {
    this.#woken = true;
    this.#waitMode = 'watch';
    this.#sleep.end();
  };

  /** Runs the code of a wake-up and of the end of a wait, without a lock. */
  static warmUp(request: AttemptRequest): void {
    const waiter = new Waiter({ ...request, path: '' }, { timeoutMs: 0, signal: undefined, onContended: undefined });
    waiter.#wake();
    waiter.close();
  }

  /** Enters the lock's queue and starts the timeout. */
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

  /**
   * Makes one attempt. Returns null if it was refused. If another waiter is first in the queue,
   * returns null without trying to lock.
   */
  try(): FileLock | null {
    if (!this.#entry.isFirst) return null;
    const wasWoken = this.#woken;
    this.#woken = false;
    this.#wokenInVain ||= wasWoken;
    const lock = attempt(this.#request, this.#context());
    return lock === null && wasWoken ? this.#tryDuringRelease() : lock;
  }

  /**
   * Retries while the file is locked but blank, as during a release: the holder clears its record,
   * which wakes this waiter, and then drops the lock, but the waiter's threads can interrupt it in
   * between. Blocks the thread, so that the holder can run; a timer would take at least 1 ms. On
   * Linux the addon's watch thread already waits for the end of the release, so this is rare there.
   */
  #tryDuringRelease(): FileLock | null {
    for (let retries = 0; retries < 5 && native().holderRecord(this.#createWaiter()) === ''; retries++) {
      blockThread(0.1);
      const lock = attempt(this.#request, this.#context());
      if (lock !== null) return lock;
    }
    return null;
  }

  /**
   * Makes the last attempt, even if another waiter is first in the queue. Retries until a refusal
   * can no longer be due to a prober.
   */
  tryForTheLastTime(): Promise<FileLock | null> {
    return lastAttempt(this.#request, this.#context(), this.#signal);
  }

  /**
   * Sleeps until an attempt may succeed. Returns the lock if the lock was free when the watch
   * began.
   */
  async sleep(): Promise<FileLock | null> {
    // Backs off after a false wake-up. Otherwise two waiters, or a waiter and a busy prober, would
    // keep waking each other.
    if (this.#wokenInVain) await this.#backOff();
    if (!this.#entry.isFirst) {
      this.#waitMode = 'watch';
      await this.#sleepAtMost(Number.POSITIVE_INFINITY);
      return null;
    }
    // Watches again before each sleep, because another process may have inherited the lock in the
    // meantime.
    const lock = this.#watch();
    if (lock === null) warmUp(this.#request);
    if (lock === null && !this.#woken) await this.#sleepUntilDue();
    return lock;
  }

  close(): void {
    this.#entry.leave();
    closeLater(this.#id);
  }

  async #backOff(): Promise<void> {
    this.#wokenInVain = false;
    this.#recheckDelays = recheckDelays(); // there may be a new holder
    await this.#sleepAtMost(backoffDelays().next().value);
  }

  async #sleepUntilDue(): Promise<void> {
    // Sleeps only briefly after a failure to open the file, because after a long sleep two separate
    // failures would look like one. On Windows every release of a busy lock briefly prevents other
    // processes from opening the file.
    if (this.#request.gracePeriods.openFailed) return this.#sleepAtMost(RETRY_DELAY_MS.transient);
    const reportsEveryRelease = this.#watched === 'owner' || this.#watched === 'file';
    await this.#sleepAtMost((reportsEveryRelease ? this.#recheckDelays : this.#delays).next().value);
    if (!reportsEveryRelease && !this.#woken) this.#waitMode = 'poll';
  }

  /** Begins to watch the lock, then makes an attempt, in case the lock was released before that. */
  #watch(): FileLock | null {
    this.#watched = native().watch(this.#createWaiter(), this.#ownerPid());
    this.#waitMode ??= this.#watched === 'nothing' ? 'poll' : 'watch';
    if (this.#watched === 'gone') this.#wake();
    return this.#watched === 'nothing' || this.#watched === 'gone' ? null : this.try();
  }

  /**
   * Returns the pid of the process whose death releases the lock, or 0 if no process can be
   * watched. An older gateway is not watched, because it holds no kernel lock: its lock is also
   * free once its port is free, which no watch reports.
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
    this.#id ??= native().createWaiter(path, flags, this.#wake);
    return this.#id;
  }

  #sleepAtMost(delayMs: number): Promise<void> {
    const remainingMs = Math.max(0, this.#deadline - monotonicMs());
    return this.#sleep.begin(Math.min(delayMs, this.#maxSleepMs, remainingMs), this.#signal);
  }
}

/** The maximum number of finished waiters whose lock files may still be open. */
const MAX_CLOSING = 16;
let closing: WaiterId[] = [];

/**
 * Closes the waiter's lock file later, so as not to delay the caller that has just acquired the
 * lock. Once {@link MAX_CLOSING} waiters have finished, closes all their files at once, because
 * setImmediate() callbacks do not run while a caller does nothing but await locks. A waiter without
 * an id has no file.
 */
function closeLater(id: WaiterId | undefined): void {
  if (id === undefined) return;
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
 * Runs the code between wake-up and acquire once, while the waiter is idle anyway. V8 compiles a
 * function on its first call, which takes 30 to 150 us, and what Node creates on first use (a timer,
 * a random id) takes 0.7 ms.
 */
function warmUp(request: AttemptRequest): void {
  if (warmedUp) return;
  warmedUp = true;
  warmUpAttempt(request);
  warmUpSleep();
  Waiter.warmUp(request);
  channelOf('gateway-lock:reclaim');
  channelOf('gateway-lock:acquire');
}
