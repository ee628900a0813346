// What a check of the doctor looks at, and what it says.
import type { GatewayLockOptions, GatewayPaths, ListedLock } from '../../../index.js';

export interface Finding {
  /** Which check says it. */
  readonly check: string;
  /** `error` is something that is wrong now; a `warning` becomes it some day. */
  readonly level: 'ok' | 'info' | 'warning' | 'error';
  readonly message: string;
  /** What to do, and what to type. */
  readonly advice?: string;
}

/** Everything that the checks look at, read once. */
export interface Subject {
  readonly app: string;
  readonly options: GatewayLockOptions;
  readonly paths: GatewayPaths;
  /** Where the lock files lie. */
  readonly lockDir: string;
  /** It has this package's own name, so the next start makes and mends it. */
  readonly ownLockDir: boolean;
  readonly locks: readonly ListedLock[];
  /** Service files that were named, besides those in the usual places. */
  readonly unitFiles: readonly string[];
}

export type Report = Omit<Finding, 'check'>;

export interface Check {
  readonly name: string;
  readonly run: (subject: Subject) => readonly Report[] | Promise<readonly Report[]>;
}

export const ok = (message: string): Report => ({ level: 'ok', message });
export const info = (message: string, advice?: string): Report => report('info', message, advice);
export const warning = (message: string, advice: string): Report => report('warning', message, advice);
export const error = (message: string, advice?: string): Report => report('error', message, advice);

function report(level: Report['level'], message: string, advice: string | undefined): Report {
  return advice === undefined ? { level, message } : { level, message, advice };
}
