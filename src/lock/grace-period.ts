// Grace periods: the time during which a refused attempt is retried, because the reason for the
// refusal may disappear by itself.
import { monotonicMs } from '../clock.js';
import { locksOutliveHolders } from '../native/platform.js';
import { sleep } from '../sleep.js';

/**
 * The length of each grace period in milliseconds. The period `prober` begins with the last
 * attempt; every other period begins when the reason for that period first occurs. Only `prober`
 * occurs on all systems; the other periods occur only on Windows.
 */
const PERIODS_MS = {
  /**
   * Another process is probing the lock. A probe holds the lock for a few microseconds
   * (native/os/lock_probe.h), or longer if the prober is interrupted. With a grace period of 2 ms,
   * up to 12 of 20,000 starts failed on two busy cores with a prober in a tight loop. With a grace
   * period of 20 ms, no start failed.
   */
  prober: 20,
  /**
   * The holder is dead, but Windows has not unlocked the lock file yet (LockFileEx: "depending upon
   * available system resources").
   */
  'late-release': 2000,
  /**
   * A virus scanner, a backup or an indexer has opened the lock file without allowing other
   * processes to open it.
   */
  'sharing-violation': 500,
  /** The lock file has been removed, but another process still has the file open. */
  'delete-pending': 500,
  /**
   * Opening the lock file is denied, because this process lacks permission or because a virus
   * scanner or a file server denies access for a short time.
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
 * Milliseconds between two attempts. The delay for a transient failure is longer, because a
 * transient failure lasts much longer than a probe.
 */
export const RETRY_DELAY_MS: Readonly<Record<RetryReason, number>> = { prober: 0.2, transient: 5 };

/** The grace periods of one call that acquires or probes a lock. */
export class GracePeriods {
  /** Created on first use, because most attempts need no grace period. */
  #since: Map<GracePeriod, number> | undefined;

  /**
   * Returns true until the grace period is over. The first call for a period begins that period.
   */
  isActive(period: GracePeriod): boolean {
    const now = monotonicMs();
    this.#since ??= new Map();
    const since = this.#since.get(period) ?? now;
    this.#since.set(period, since);
    return now - since < PERIODS_MS[period];
  }

  /**
   * Returns true if opening the lock file failed for a reason that may be temporary. `error` is the
   * error that the addon threw.
   */
  shouldRetryOpen(error: unknown): boolean {
    const { detail = '' } = error as { detail?: string };
    return isOpenFailure(detail) && this.isActive(detail);
  }

  /** Returns true if the system may still release the lock of a dead owner. */
  mayReleaseLate(): boolean {
    return locksOutliveHolders && this.isActive('late-release');
  }

  /** True if the last attempt could not open the lock file. */
  get openFailed(): boolean {
    return [...(this.#since?.keys() ?? [])].some(isOpenFailure);
  }

  /**
   * Ends the grace periods for failures to open the lock file, because the file has now been
   * opened. A later failure begins a new period.
   */
  endOpenFailures(): void {
    for (const period of this.#since?.keys() ?? []) if (isOpenFailure(period)) this.#since?.delete(period);
  }

  /**
   * Returns the milliseconds to wait before the next attempt. Returns null if there is no reason
   * for another attempt.
   */
  retryDelayMs(reason: 'final' | RetryReason): number | null {
    if (reason === 'final') return null;
    return reason === 'prober' && !this.isActive('prober') ? null : RETRY_DELAY_MS[reason];
  }
}

function isOpenFailure(name: string): name is GracePeriod {
  return name !== 'prober' && name !== 'late-release' && Object.hasOwn(PERIODS_MS, name);
}

/**
 * Calls `attempt` until there is no reason for another attempt. Blocks the thread between the
 * attempts.
 */
export function retryPastProbersSync<T>(
  attempt: () => T,
  reasonOf: (result: T) => 'final' | RetryReason,
  gracePeriods: GracePeriods,
): T {
  for (;;) {
    const result = attempt();
    const delayMs = gracePeriods.retryDelayMs(reasonOf(result));
    if (delayMs === null) return result;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs);
  }
}

/**
 * Does the same as {@link retryPastProbersSync}, without blocking the thread.
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
