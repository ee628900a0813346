// Grace periods, during which a refused attempt is retried because the reason for the refusal may
// go away by itself.
import { monotonicMs } from '../clock.js';
import { locksOutliveHolders } from '../native/platform.js';
import { blockThread, sleep } from '../sleep.js';

/**
 * The length of each grace period in milliseconds. `prober` begins with the last attempt; every
 * other period begins when its reason first occurs. Except for `prober`, the periods occur only on
 * Windows.
 */
const PERIODS_MS = {
  /**
   * Another process is probing the lock. A probe holds the lock for a few microseconds
   * (native/os/lock_probe.h), or longer if the prober is interrupted. On two busy cores, with a
   * prober in a tight loop, up to 12 of 20,000 starts failed with a grace period of 2 ms, and none
   * with 20 ms.
   */
  prober: 20,
  /**
   * The holder is dead, but Windows has not unlocked the lock file yet (LockFileEx: "depending upon
   * available system resources").
   */
  'late-release': 2000,
  /** A virus scanner, backup program or indexer has the lock file open and does not share it. */
  'sharing-violation': 500,
  /** The lock file has been removed, but another process still has the file open. */
  'delete-pending': 500,
  /**
   * Opening the lock file was denied, because this process lacks permission or because a virus
   * scanner or file server temporarily denies access.
   */
  'access-denied': 500,
} as const;

type GracePeriod = keyof typeof PERIODS_MS;

/**
 * The reason to retry an attempt: `prober` during the grace period `prober`, `transient` during any
 * other grace period.
 */
export type RetryReason = 'prober' | 'transient';

/**
 * Milliseconds between attempts. A transient failure lasts much longer than a probe, so its delay
 * is longer.
 */
export const RETRY_DELAY_MS: Readonly<Record<RetryReason, number>> = { prober: 0.2, transient: 5 };

/** The grace periods of one call that acquires or probes a lock. */
export class GracePeriods {
  /** Created on first use, because most attempts need no grace period. */
  #since: Map<GracePeriod, number> | undefined;

  /** Returns true until the grace period is over. The first call begins the period. */
  isActive(period: GracePeriod): boolean {
    const now = monotonicMs();
    this.#since ??= new Map();
    const since = this.#since.get(period) ?? now;
    this.#since.set(period, since);
    return now - since < PERIODS_MS[period];
  }

  /**
   * Returns true if the lock file could not be opened for a reason that may be temporary. `error`
   * is the error that the addon threw.
   */
  shouldRetryOpen(error: unknown): boolean {
    const { detail = '' } = error as { detail?: string };
    return isOpenFailure(detail) && this.isActive(detail);
  }

  /** Returns true if the system may still release a dead owner's lock. */
  mayReleaseLate(): boolean {
    return locksOutliveHolders && this.isActive('late-release');
  }

  /** True if the last attempt could not open the lock file. */
  get openFailed(): boolean {
    return [...(this.#since?.keys() ?? [])].some(isOpenFailure);
  }

  /**
   * Ends the grace periods for failures to open the lock file after a successful open. A later
   * failure begins a new period.
   */
  endOpenFailures(): void {
    for (const period of this.#since?.keys() ?? []) if (isOpenFailure(period)) this.#since?.delete(period);
  }

  /**
   * Returns the delay in milliseconds before the next attempt, or null if there is no reason to
   * retry.
   */
  retryDelayMs(reason: 'final' | RetryReason): number | null {
    if (reason === 'final') return null;
    return reason === 'prober' && !this.isActive('prober') ? null : RETRY_DELAY_MS[reason];
  }
}

function isOpenFailure(name: string): name is GracePeriod {
  return name !== 'prober' && name !== 'late-release' && Object.hasOwn(PERIODS_MS, name);
}

/** Repeats `attempt` until there is no reason to retry. Blocks the thread between attempts. */
export function retryPastProbersSync<T>(
  attempt: () => T,
  reasonOf: (result: T) => 'final' | RetryReason,
  gracePeriods: GracePeriods,
): T {
  for (;;) {
    const result = attempt();
    const delayMs = gracePeriods.retryDelayMs(reasonOf(result));
    if (delayMs === null) return result;
    blockThread(delayMs);
  }
}

/**
 * Like {@link retryPastProbersSync}, but does not block the thread.
 *
 * @throws `signal.reason` as soon as the signal aborts
 */
export async function retryPastProbers<T>(
  attempt: () => T,
  reasonOf: (result: T) => 'final' | RetryReason,
  gracePeriods: GracePeriods,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (;;) {
    const result = attempt();
    const delayMs = gracePeriods.retryDelayMs(reasonOf(result));
    if (delayMs === null) return result;
    await sleep(delayMs, signal);
  }
}
