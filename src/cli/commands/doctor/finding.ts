// The input and result types of a check.
import type { GatewayLockOptions, GatewayPaths, ListedLock } from '../../../index.js';
import { forCommandLine } from '../../output.js';

export interface Finding {
  /** The name of the check. */
  readonly check: string;
  /** An `error` is a problem now; a `warning` may become a problem later. */
  readonly level: 'ok' | 'info' | 'warning' | 'error';
  readonly message: string;
  /** Instructions for the user, with the command to run. */
  readonly advice?: string;
}

/** The input of all checks. */
export interface Subject {
  readonly app: string;
  readonly options: GatewayLockOptions;
  readonly paths: GatewayPaths;
  /** The directory of the lock files. */
  readonly lockDir: string;
  /**
   * True if this package chooses the lock directory. A starting gateway then creates it and
   * corrects its mode.
   */
  readonly ownLockDir: boolean;
  readonly locks: readonly ListedLock[];
  /** The service units named with --unit. */
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
  const text = forCommandLine(message);
  return advice === undefined ? { level, message: text } : { level, message: text, advice: forCommandLine(advice) };
}
