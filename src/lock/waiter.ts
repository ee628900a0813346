// One who waits for a lock: in turn, asleep, and woken by the system when it is worth trying again.
//
// No release is missed, because the order is: watch, try, sleep. What is released before the watch is there, the
// try finds; what is released later, the watch reports, and the report is kept until the sleep begins. It may come a
// moment too early, for the kernel reports a close before it drops the lock: who was woken and refused rests for
// a moment, and then watches and tries again. Whatever else could be missed (the owner's pid was used again between
// two looks) costs RECHECK_MS, not the lock. docs/decisions/0014 has the whole list.
import { monotonicMs } from '../clock.js';
import { channelOf } from '../events.js';
import type { WaiterId, WatchResult } from '../native/binding.js';
import { native } from '../native/load.js';
import { Sleep, warmUpTimers } from '../sleep.js';
import { type AttemptContext, attempt, lastAttempt } from './attempt.js';
import { backoffDelays } from './backoff.js';
import type { FileLock, WaitMode } from './file-lock.js';
import type { AttemptRequest } from './lock-options.js';
import { isOwnerAlive } from './owner-liveness.js';
import { warmUpRecord } from './owner-record.js';
import { PAUSES_MS } from './prober-grace.js';
import { parseRecord } from './record-parser.js';
import { Place } from './wait-queue.js';

/** Milliseconds until a lock is asked for although it is watched. */
const RECHECK_MS = 2000;

export interface Wait {
  readonly request: AttemptRequest;
  /** As monotonicMs() has it. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  /** No sleep longer than this many milliseconds. */
  readonly longestSleepMs: number;
}

export class Waiter {
  readonly #wait: Wait;
  readonly #place: Place;
  readonly #sleep = new Sleep();
  readonly #delays = backoffDelays();
  #id: WaiterId | undefined;
  /** Since the last try. */
  #woken = false;
  /** A try was refused although something was reported. */
  #wokenInVain = false;
  #watched: WatchResult = 'nothing';
  #waitMode: WaitMode | null = null;

  constructor(wait: Wait) {
    this.#wait = wait;
    this.#place = new Place(wait.request.path, () => this.#sleep.end());
  }

  /** null: refused, or it is not our turn. */
  try(): FileLock | null {
    if (!this.#place.isFirst) return null;
    this.#wokenInVain ||= this.#woken;
    this.#woken = false;
    return attempt(this.#wait.request, this.#context());
  }

  /** At the deadline, whoever's turn it is: a prober must not be what we failed by. */
  tryForTheLastTime(): Promise<FileLock | null> {
    return lastAttempt(this.#wait.request, this.#context(), this.#wait.signal);
  }

  /** Until it is worth trying again. Returns the lock if that was free by the time that it was watched. */
  async sleep(): Promise<FileLock | null> {
    // Deaf for a moment, so that neither many contenders nor a hot prober keep each other busy.
    if (this.#wokenInVain) await this.#sleepAtMost(backoffDelays().next().value);
    this.#wokenInVain = false;
    if (!this.#place.isFirst) {
      this.#waitMode = 'watch';
      await this.#sleepAtMost(Number.POSITIVE_INFINITY);
      return null;
    }
    // Each time anew: the lock may be another process's by now, which has inherited it.
    const lock = this.#watch();
    if (lock === null) warmUp();
    if (lock === null && !this.#woken) await this.#sleepUntilDue();
    return lock;
  }

  close(): void {
    this.#place.leave();
    if (this.#id !== undefined) closeLater(this.#id);
  }

  async #sleepUntilDue(): Promise<void> {
    // Not long: two denials far apart would pass for one that lasts. On Windows the holders of a busy lock deny the file to all
    // others for a moment at each release.
    if (this.#wait.request.gracePeriods.denied) return this.#sleepAtMost(PAUSES_MS.passing);
    const seesAll = this.#watched === 'owner' || this.#watched === 'file';
    await this.#sleepAtMost(seesAll ? RECHECK_MS : this.#delays.next().value);
    if (!seesAll && !this.#woken) this.#waitMode = 'poll';
  }

  /** And then the try for what was released before. */
  #watch(): FileLock | null {
    this.#watched = native().watch(this.#createWaiter(), this.#ownerPid());
    this.#waitMode ??= this.#watched === 'nothing' ? 'poll' : 'watch';
    if (this.#watched === 'gone') this.#wake();
    return this.#watched === 'nothing' || this.#watched === 'gone' ? null : this.try();
  }

  /**
   * Whose death can be watched; 0 for nobody's. An older gateway, which has no kernel lock, also makes way when its
   * port becomes free, and nothing reports that.
   */
  #ownerPid(): number {
    const owner = parseRecord(native().holderRecord(this.#createWaiter()));
    return owner?.kernelLock && isOwnerAlive(owner) === true ? owner.pid : 0;
  }

  #context(): AttemptContext {
    return { waiter: this.#place.isFirst ? this.#createWaiter() : undefined, waitMode: this.#waitMode };
  }

  #createWaiter(): WaiterId {
    const { path, flags } = this.#wait.request;
    this.#id ??= native().createWaiter(path, flags, () => this.#wake());
    return this.#id;
  }

  #wake(): void {
    this.#woken = true;
    this.#waitMode = 'watch';
    this.#sleep.end();
  }

  #sleepAtMost(delayMs: number): Promise<void> {
    const { deadline, longestSleepMs, signal } = this.#wait;
    const remainingMs = Math.max(0, deadline - monotonicMs());
    return this.#sleep.begin(Math.min(delayMs, longestSleepMs, remainingMs), signal);
  }
}

/** How many waiters that have ended may keep a file open. */
const MAX_CLOSING = 16;
let closing: WaiterId[] = [];

/**
 * Deferred, so that cleaning up does not delay the caller that has just acquired the lock. Bounded, because no immediate runs
 * while a caller does nothing but await locks.
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
 * What a waiter does between its wake-up and the lock, as far as that can be done without a lock: there is time now, and none
 * then. Done for the first time in a process it took 0.7 ms of the 1.1 ms between them.
 */
function warmUp(): void {
  if (warmedUp) return;
  warmedUp = true;
  warmUpRecord();
  warmUpTimers();
  channelOf('gateway-lock:reclaim');
  channelOf('gateway-lock:acquire');
}
