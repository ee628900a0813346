// How long something that may pass by itself is waited for before it is believed. Only Windows knows such things: there a
// lock may outlive its holder for a moment, and a file may be kept from being opened by whoever else looks at it.
import { monotonicMs } from '../clock.js';
import { locksOutliveHolders } from '../native/late-release.js';

/** Milliseconds, each from its own first sight on. A real denial is reported in less than a second. */
const GRACES_MS = {
  /** The holder is dead, and Windows "depending upon available system resources" has not unlocked its file yet (LockFileEx). */
  'late-release': 2000,
  /** A virus scanner, a backup or an indexer has the file open and shares nothing. */
  'sharing-violation': 500,
  /** The file is removed, and somebody still has it open. */
  'delete-pending': 500,
  /** A real denial, or what a scanner or a server says while it is at work. */
  'access-denied': 500,
} as const;

export type Grace = keyof typeof GRACES_MS;

/** Those of one acquire. */
export class GracePeriods {
  /** Made with the first one, which mostly never comes. */
  #since: Map<Grace, number> | undefined;

  /** Whether it is still to be waited for. The first question begins it. */
  lasts(grace: Grace): boolean {
    const now = monotonicMs();
    this.#since ??= new Map();
    const since = this.#since.get(grace) ?? now;
    this.#since.set(grace, since);
    return now - since < GRACES_MS[grace];
  }

  /** Whether the file, which could not be opened, may be so in a moment. `error`: as the addon throws it. */
  shouldRetryOpen(error: unknown): boolean {
    const { detail = '' } = error as { detail?: string };
    return isGrace(detail) && this.lasts(detail);
  }

  /** Whether the lock of an owner who is dead may be free in a moment. */
  mayReleaseLate(): boolean {
    return locksOutliveHolders && this.lasts('late-release');
  }

  /** The file could not be opened the last time. */
  get denied(): boolean {
    return [...(this.#since?.keys() ?? [])].some((grace) => grace !== 'late-release');
  }

  /** The file could be opened: a denial that comes now is another one. */
  endDenials(): void {
    for (const grace of this.#since?.keys() ?? []) if (grace !== 'late-release') this.#since?.delete(grace);
  }
}

function isGrace(detail: string): detail is Grace {
  return Object.hasOwn(GRACES_MS, detail);
}
