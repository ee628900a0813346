// Grace periods: how long a refusal that may end by itself is retried before it is reported.
import { monotonicMs } from '../clock.js';
import { locksOutliveHolders } from '../native/platform.js';
import { sleep } from '../sleep.js';

/**
 * Milliseconds. The period of a prober begins with the last attempt; every other period begins when
 * its reason is first seen. All but the first occur on Windows only.
 */
const PERIODS_MS = {
  /**
   * Another process probes the lock, which holds it for some microseconds (native/os/lock_probe.h),
   * or longer if the prober is interrupted. On two busy cores, with a prober in a hot loop, 2 ms
   * let up to 12 of 20,000 starts fail, 20 ms none.
   */
  prober: 20,
  /**
   * The holder is dead, and Windows has not unlocked its file yet ("depending upon available system
   * resources", LockFileEx).
   */
  'late-release': 2000,
  /** A virus scanner, a backup or an indexer has the file open and shares nothing. */
  'sharing-violation': 500,
  /** The file is removed, and another process still has it open. */
  'delete-pending': 500,
  /** Permission is denied, or a virus scanner or a file server is at work. */
  'access-denied': 500,
} as const;

type GracePeriod = keyof typeof PERIODS_MS;

/**
 * Why an attempt is worth a retry: `prober` for the period of a prober, `transient` for any other
 * period.
 */
export type RetryReason = 'prober' | 'transient';

/** Milliseconds between two attempts. A transient failure lasts much longer than a probe. */
export const RETRY_DELAY_MS: Readonly<Record<RetryReason, number>> = { prober: 0.2, transient: 5 };

/** The grace periods of one acquire or probe. */
export class GracePeriods {
  /** Created on first use, because most attempts need no grace period. */
  #since: Map<GracePeriod, number> | undefined;

  /** Returns true until the period is over. The first call begins it. */
  isActive(period: GracePeriod): boolean {
    const now = monotonicMs();
    this.#since ??= new Map();
    const since = this.#since.get(period) ?? now;
    this.#since.set(period, since);
    return now - since < PERIODS_MS[period];
  }

  /**
   * Returns true if opening the lock file failed for a reason that may pass. `error` is what the
   * addon threw.
   */
  shouldRetryOpen(error: unknown): boolean {
    const { detail = '' } = error as { detail?: string };
    return isOpenFailure(detail) && this.isActive(detail);
  }

  /** Returns true if a dead owner may still release its lock. */
  mayReleaseLate(): boolean {
    return locksOutliveHolders && this.isActive('late-release');
  }

  /** True if the last attempt could not open the lock file. */
  get openFailed(): boolean {
    return [...(this.#since?.keys() ?? [])].some(isOpenFailure);
  }

  /**
   * Ends the periods of failures to open the file, which has been opened now. A later failure is a
   * new one.
   */
  endOpenFailures(): void {
    for (const period of this.#since?.keys() ?? []) if (isOpenFailure(period)) this.#since?.delete(period);
  }

  /**
   * Returns the milliseconds to wait before the next attempt. Returns null if there is no reason
   * for one.
   */
  retryDelayMs(reason: 'final' | RetryReason): number | null {
    if (reason === 'final') return null;
    return reason === 'prober' && !this.isActive('prober') ? null : RETRY_DELAY_MS[reason];
  }
}

function isOpenFailure(name: string): name is GracePeriod {
  return name !== 'prober' && name !== 'late-release' && Object.hasOwn(PERIODS_MS, name);
}

/** Calls `attempt` until there is no reason to retry it. Blocks the thread in between. */
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
 * Same as {@link retryPastProbersSync}, without blocking the thread.
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
