// The checks of `doctor`, in the order in which they run. Each check comes after those it depends
// on.
import { GatewayLockError, LockError } from '../../../index.js';
import { checkBasePorts } from './base-ports.js';
import { checkFileSystem } from './file-system.js';
import { type Check, error, type Finding, type Subject } from './finding.js';
import { checkLockDirectory, checkParents } from './lock-directory.js';
import { checkLocks } from './locks.js';
import { checkPort } from './port.js';
import { checkUnits } from './units.js';

const CHECKS: readonly Check[] = [
  { name: 'lock directory', run: checkLockDirectory },
  { name: 'parent directories', run: checkParents },
  { name: 'file system', run: checkFileSystem },
  { name: 'port', run: checkPort },
  { name: 'locks', run: checkLocks },
  { name: 'base ports', run: checkBasePorts },
  { name: 'service units', run: checkUnits },
];

export async function runChecks(subject: Subject): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of CHECKS) {
    const reports = await runOne(check, subject);
    findings.push(...reports.map((report) => ({ check: check.name, ...report })));
  }
  return findings;
}

/** Runs one check. Returns an exception as a report, so that the remaining checks still run. */
async function runOne({ run }: Check, subject: Subject) {
  try {
    return await run(subject);
  } catch (cause) {
    // The message of a LockError already contains the advice.
    const advice = cause instanceof GatewayLockError && !(cause.cause instanceof LockError) ? cause.hint : undefined;
    return [error(`check failed: ${(cause as Error).message}`, advice)];
  }
}
