// gateway-lock doctor: diagnoses problems of this machine and suggests fixes.
import { dirname } from 'node:path';
import type { Command } from 'commander';
import {
  DEFAULT_APP,
  type GatewayLockOptions,
  LockError,
  listLocks,
  probeLock,
  resolveGatewayPaths,
} from '../index.js';
import { printable } from '../printable.js';
import { addClusterFlags, type ClusterFlags, ttlFlag } from './cluster/cluster-flags.js';
import { readClusterFacts } from './cluster/cluster-report.js';
import { runChecks } from './doctor/checks.js';
import { error, type Finding, ok, type Subject } from './doctor/finding.js';
import { removeInert } from './doctor/inert.js';
import { withExamples } from './examples.js';
import { EXIT } from './exit-codes.js';
import { addFlags, type GatewayFlags, gatewayOptions } from './gateway-flags.js';
import { jsonText } from './json-output.js';
import { type Paint, painter } from './output.js';
import { print } from './print.js';

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
      'Checks the addon, the lock directory, the file system (by locking a file of its own there), the port, the locks, the ' +
        'base ports and the service units. Changes nothing without --fix.',
    );
  addClusterFlags(addFlags(command, 'stateDir', 'lock', 'profile', 'app', 'port', 'host', 'config'))
    .addOption(ttlFlag())
    .option('--json', 'print { "ok": ..., "findings": [...] } for programs')
    .option('--fix', 'remove leftover lock files, and only those that provably block nothing')
    .option('--unit <file...>', 'service files to check, besides those in the usual places')
    .action(doctor);
  withExamples(command, [
    { line: 'gateway-lock doctor', what: 'everything, for the gateway of ~/.gateway' },
    { line: 'gateway-lock doctor --fix', what: 'and remove what dead gateways have left' },
    { line: 'gateway-lock doctor --port 18790 --json', what: 'for a program' },
  ]);
  command.addHelpText(
    'after',
    `
Fields in --json:
  ok          whether no finding is an error
  findings    [{ check, level, message, advice }]; level is ok, info, warning or error; advice may be missing

Exit codes: 0 no errors (there may be warnings); 1 at least one error; 64 usage error.`,
  );
}

async function doctor(flags: DoctorFlags): Promise<void> {
  const findings = await examine(flags);
  const well = findings.every(({ level }) => level !== 'error');
  const text = flags.json
    ? jsonText({ ok: well, findings })
    : findingLines(findings, painter(process.stdout)).join('\n');
  await print(`${text}\n`);
  if (!well) process.exitCode = EXIT.failed;
}

async function examine(flags: DoctorFlags): Promise<Finding[]> {
  const options = gatewayOptions(flags);
  const blocker = findBlocker(options);
  if (blocker !== null) return [blocker];
  const addon = { check: 'addon', ...ok('loaded') };
  const removed = flags.fix ? removeInert(await listLocks(options)) : [];
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

/** Without a home, or without the addon, nothing else can be looked at. */
function findBlocker(options: GatewayLockOptions): Finding | null {
  try {
    return findMissingAddon(resolveGatewayPaths(options).lockPaths[0]!);
  } catch (cause) {
    // Anything else is wrong usage.
    if (cause instanceof LockError) return { check: 'paths', ...error(cause.message) };
    throw cause;
  }
}

function findMissingAddon(lockPath: string): Finding | null {
  try {
    probeLock(lockPath);
  } catch (cause) {
    const missing = cause instanceof LockError && cause.code === 'ERR_NATIVE_MISSING';
    if (missing) return { check: 'addon', ...error(cause.message, 'In a clone: npm run build') };
    // What is wrong with that lock is what the checks are for.
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
  const counted = (many: number, what: string) => `${many} ${what}${many === 1 ? '' : 's'}`;
  const [errors, warnings] = [count('error'), count('warning')];
  if (errors > 0) return `${counted(errors, 'error')}, ${counted(warnings, 'warning')}`;
  return warnings === 0 ? 'No problems found.' : `No errors; ${counted(warnings, 'warning')}.`;
}
