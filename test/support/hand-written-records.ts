// Lock files written by hand: records as a lock of ours or an older gateway would write them, with fields changed.
import { spawnSync } from 'node:child_process';
import { utimesSync } from 'node:fs';
import { selfIdentity } from '../../src/lock/process-identity.js';
import type { Missing } from './capabilities.js';
import { processStartToken } from './older-gateway.js';
import { newLine } from './records.js';

export const whyNoStartTime: Missing =
  processStartToken(process.pid) === null
    ? 'this system has no start times that a test can read (/proc/PID/stat)'
    : null;

export const whyNoPidNamespaces: Missing =
  selfIdentity().pidNamespace === null ? 'this system has no pid namespaces' : null;

/** Process 1 is always there on a POSIX system. */
export const whyNoInit: Missing = process.platform === 'win32' ? 'Windows has no process 1' : null;

/** One line of this process; `undefined` removes a field. */
export function ourRecord(fields: Readonly<Record<string, unknown>> = {}): string {
  return `${JSON.stringify({ ...(JSON.parse(newLine()) as object), ...fields })}\n`;
}

/** The pid of a process that has ended. */
export function deadPid(): number {
  return spawnSync(process.execPath, ['-v']).pid;
}

/** Negative: in the future. */
export function setAge(path: string, ageMs: number): void {
  const seconds = (Date.now() - ageMs) / 1000;
  utimesSync(path, seconds, seconds);
}
