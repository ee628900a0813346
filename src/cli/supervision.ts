// What the command says and exits with when a healthy gateway is left in control.
import type { SupervisedOutcome } from '../index.js';
import { say } from './output.js';

type Duplicate = Extract<SupervisedOutcome<never>, { outcome: 'duplicate' }>;

export function sayDuplicate({ owner, exitCode }: Duplicate): number {
  const who = owner === null ? '' : ` (pid ${owner.pid})`;
  say(`gateway-lock: a healthy gateway${who} is left in control; this one ends with ${exitCode}`);
  return exitCode;
}
