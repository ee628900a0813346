// Owner records of this package with changed fields, for tests that write lock files by hand.
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

/**
 * The reason to skip tests that need process 1, or null on POSIX systems, where process 1 always
 * exists.
 */
export const whyNoInit: Missing = process.platform === 'win32' ? 'Windows has no process 1' : null;

/**
 * Returns the record of this process as one line. A field with the value `undefined` is removed.
 */
export function ourRecord(fields: Readonly<Record<string, unknown>> = {}): string {
  return `${JSON.stringify({ ...(JSON.parse(newLine()) as object), ...fields })}\n`;
}

/** Returns the pid of a process that has ended. */
export function deadPid(): number {
  return spawnSync(process.execPath, ['-v']).pid;
}

/** Sets the modification time of a file. A negative age is in the future. */
export function setAge(path: string, ageMs: number): void {
  const seconds = (Date.now() - ageMs) / 1000;
  utimesSync(path, seconds, seconds);
}
