// The message and exit code if a healthy gateway is already running.
import type { SupervisedOutcome } from '../index.js';
import { say } from './output.js';

type Duplicate = Extract<SupervisedOutcome<never>, { outcome: 'duplicate' }>;

/** Reports that a healthy gateway is already running. Returns the exit code. */
export function sayDuplicate({ owner, holderPid = owner?.pid, exitCode }: Duplicate): number {
  const who = holderPid === undefined ? '' : ` (pid ${holderPid})`;
  say(`gateway-lock: already running and healthy${who}; exiting with code ${exitCode}`);
  return exitCode;
}
