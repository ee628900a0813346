// gateway-lock doctor: diagnoses problems on this machine and suggests fixes.
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { type GatewayLockOptions, LockError, listLocks, probeLock, resolveGatewayPaths } from '../../index.js';
import { DEFAULT_APP } from '../../internal.js';
import { printable } from '../../printable.js';
import { addClusterFlags, type ClusterFlags, ttlFlag } from '../cluster/cluster-flags.js';
import { readClusterFacts } from '../cluster/cluster-report.js';
import { withExamples } from '../examples.js';
import { EXIT, withExitCodes } from '../exit-codes.js';
import { addFlags, type GatewayFlags, gatewayOptions } from '../gateway-flags.js';
import { addHelpSection, type HelpSection } from '../help-sections.js';
import { jsonText } from '../json-output.js';
import { type Paint, painter } from '../output.js';
import { print } from '../print.js';
import { runChecks } from './doctor/checks.js';
import { error, type Finding, ok, type Subject } from './doctor/finding.js';
import { removeLeftovers } from './doctor/leftovers.js';

interface DoctorFlags extends GatewayFlags, ClusterFlags {
  readonly json?: boolean;
  readonly fix?: boolean;
  readonly unit?: readonly string[];
}

export function addDoctorCommand(program: Command): void {
  const command = program
    .command('doctor')
    .summary('diagnose problems and suggest fixes')
    .description(
      'Checks the addon, the lock directory and its parent directories, the file system (by locking a temporary file in the lock directory), ' +
        'the port, the locks, the base ports and the service units. Changes nothing else without --fix.',
    );
  addClusterFlags(addFlags(command, 'stateDir', 'lock', 'profile', 'app', 'port', 'host', 'config'))
    .addOption(ttlFlag())
    .option('--json', 'print the result as JSON: { "ok": ..., "findings": [...] }')
    .option('--fix', 'remove leftover lock files that provably block nothing')
    .option('--unit <file...>', 'service units to check in addition to those in the usual directories')
    .action(doctor);
  withExamples(command, [
    { line: 'gateway-lock doctor', what: 'run all checks for the gateway with its state in ~/.gateway' },
    { line: 'gateway-lock doctor --fix', what: 'run all checks, and remove leftover lock files' },
    { line: 'gateway-lock doctor --port 18790 --json', what: 'check a gateway on port 18790, with output as JSON' },
  ]);
  addHelpSection(command, JSON_FIELDS);
  withExitCodes(command, [
    [0, 'no finding is an error; there may be warnings'],
    [1, 'at least one finding is an error'],
    [64, 'usage error'],
  ]);
}

const JSON_FIELDS: HelpSection = {
  title: 'Fields in --json',
  items: [
    ['ok', 'true if no finding is an error'],
    ['findings', '[{ check, level, message, advice }]; level is ok, info, warning or error; advice is optional'],
  ],
};

async function doctor(flags: DoctorFlags): Promise<void> {
  const findings = await examine(flags);
  const passed = findings.every(({ level }) => level !== 'error');
  const text = flags.json
    ? jsonText({ ok: passed, findings })
    : findingLines(findings, painter(process.stdout)).join('\n');
  await print(`${text}\n`);
  if (!passed) process.exitCode = EXIT.failed;
}

async function examine(flags: DoctorFlags): Promise<Finding[]> {
  const options = gatewayOptions(flags);
  const blocker = findBlocker(options);
  if (blocker !== null) return [blocker];
  const addon = { check: 'addon', ...ok('loaded') };
  const removed = flags.fix ? removeLeftovers(await listLocks(options)) : [];
  const subject = await readSubject(flags, options);
  return [
    addon,
    ...removed.map((report) => ({ check: 'fix', ...report })),
    ...(await runChecks(subject)),
    ...(await checkCluster(flags)),
  ];
}

async function checkCluster(flags: DoctorFlags): Promise<Finding[]> {
  const facts = await readClusterFacts(flags);
  return facts.map(({ level, subject, message }) => ({ check: 'cluster', level, message: `${subject}: ${message}` }));
}

/**
 * Returns the finding that makes all other checks impossible: a missing home directory or addon.
 * Returns null if both exist.
 */
function findBlocker(options: GatewayLockOptions): Finding | null {
  try {
    return findMissingAddon(resolveGatewayPaths(options).lockPaths[0]!);
  } catch (cause) {
    // Any other error is a usage error.
    if (cause instanceof LockError) return { check: 'paths', ...error(cause.message) };
    throw cause;
  }
}

function findMissingAddon(lockPath: string): Finding | null {
  try {
    probeLock(lockPath);
  } catch (cause) {
    if (cause instanceof LockError && cause.code === 'ERR_NATIVE_MISSING')
      return { check: 'addon', ...error(cause.message) };
    // Other errors concern only this lock file, and the checks report them.
  }
  return null;
}

async function readSubject(flags: DoctorFlags, options: GatewayLockOptions): Promise<Subject> {
  const paths = resolveGatewayPaths(options);
  return {
    app: flags.app ?? DEFAULT_APP,
    options,
    paths,
    lockDir: dirname(paths.lockPaths[0]!),
    ownLockDir: flags.lock === undefined,
    locks: await listLocks(options),
    unitFiles: flags.unit ?? [],
  };
}

const STYLES = { ok: 'green', info: 'dim', warning: 'yellow', error: 'red' } as const;

export function findingLines(findings: readonly Finding[], paint: Paint): string[] {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, level, message, advice }) => [
    `${paint(STYLES[level], level.padEnd(7))}  ${check.padEnd(width)}  ${printable(message)}`,
    ...(advice === undefined ? [] : [`${' '.repeat(width + 11)}-> ${printable(advice)}`]),
  ]);
  return [...lines, verdict(findings)];
}

function verdict(findings: readonly Finding[]): string {
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  const counted = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
  const [errors, warnings] = [count('error'), count('warning')];
  if (errors > 0) return `${counted(errors, 'error')}, ${counted(warnings, 'warning')}`;
  return warnings === 0 ? 'No problems found.' : `No errors; ${counted(warnings, 'warning')}.`;
}
