// This package's owner records with changed fields, for tests that write lock files by hand.
import { spawnSync } from 'node:child_process';
import { utimesSync } from 'node:fs';
import { selfIdentity } from '../../src/lock/process-identity.js';
import type { Missing } from './capabilities.js';
import { processStartToken } from './older-gateway.js';
import { newLine } from './records.js';

export const whyNoStartTime: Missing =
  processStartToken(process.pid) === null ? 'this system does not report start times in /proc/PID/stat' : null;

export const whyNoPidNamespaces: Missing =
  selfIdentity().pidNamespace === null ? 'this system has no pid namespaces' : null;

/** Why tests that need process 1 are skipped. Null on POSIX systems, where it always exists. */
export const whyNoInit: Missing = process.platform === 'win32' ? 'Windows has no process 1' : null;

/** Returns this process's record as one line. Fields with the value `undefined` are removed. */
export function ourRecord(fields: Readonly<Record<string, unknown>> = {}): string {
  return `${JSON.stringify({ ...(JSON.parse(newLine()) as object), ...fields })}\n`;
}

/** Returns the pid of a process that has ended. */
export function deadPid(): number {
  return spawnSync(process.execPath, ['-v']).pid;
}

/** Sets a file's modification time. A negative age is in the future. */
export function setAge(path: string, ageMs: number): void {
  const seconds = (Date.now() - ageMs) / 1000;
  utimesSync(path, seconds, seconds);
}
