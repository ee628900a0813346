// Message and exit code of a start that leaves a healthy gateway running.
import type { SupervisedOutcome } from '../index.js';
import { say } from './output.js';

type Duplicate = Extract<SupervisedOutcome<never>, { outcome: 'duplicate' }>;

/** Reports the duplicate and returns its exit code. */
export function sayDuplicate({ owner, exitCode }: Duplicate): number {
  const who = owner === null ? '' : ` (pid ${owner.pid})`;
  say(`gateway-lock: already running and healthy${who}; exiting with code ${exitCode}`);
  return exitCode;
}
