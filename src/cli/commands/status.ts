// gateway-lock status: lists the locks, and each gateway's holder and health.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ListedLock, listLocks, listStateDirectories } from '../../index.js';
import { printable } from '../../printable.js';
import { addClusterFlags, type ClusterFlags, ttlFlag } from '../cluster/cluster-flags.js';
import { type ClusterReport, clusterLines, readClusterReport } from '../cluster/cluster-report.js';
import { withExamples } from '../examples.js';
import { withExitCodes } from '../exit-codes.js';
import { addFlags, type GatewayFlags, gatewayOptions, parseMilliseconds } from '../gateway-flags.js';
import { addHelpSection, type HelpSection } from '../help-sections.js';
import { jsonText } from '../json-output.js';
import { painter } from '../output.js';
import { print } from '../print.js';
import { statusJson, statusLines } from './status/status-report.js';
import { watchLocks } from './status/watch.js';

interface StatusFlags extends GatewayFlags, ClusterFlags {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly interval: number;
}

const MIN_INTERVAL_MS = 100;

export function addStatusCommand(program: Command): void {
  const command = program
    .command('status')
    .summary('list locks, their holders and health')
    .description(
      'Lists the locks of one state directory if an option names it, otherwise the locks in ~/.<app> and in every ~/.<app>-<profile>. ' +
        'Creates, changes and removes nothing.',
    );
  addClusterFlags(addFlags(command, 'stateDir', 'lock', 'profile', 'app'))
    .addOption(ttlFlag())
    .option('--json', 'print the locks as JSON: { "locks": [...] }')
    .option('--watch', 'repeat until Ctrl-C: redraw the output on a terminal; print it to a pipe only after a change')
    .addOption(
      new Option('--interval <ms>', 'time between two reads of the locks; implies --watch')
        .default(1000, '1000')
        .argParser(parseInterval)
        .implies({ watch: true }),
    )
    .action(status);
  withExamples(command, [
    { line: 'gateway-lock status', what: 'show all gateways of this user' },
    { line: 'gateway-lock status --profile rescue --json', what: 'show one gateway, as JSON' },
    { line: 'gateway-lock status --watch', what: 'show all gateways until Ctrl-C' },
  ]);
  addHelpSection(command, LOCK_FIELDS);
  addHelpSection(command, CLUSTER_FIELDS);
  withExitCodes(command, [
    [0, 'success, whatever the state of the locks'],
    [1, 'error'],
    [64, 'usage error'],
  ]);
}

const LOCK_FIELDS: HelpSection = {
  title: 'Fields of each lock in --json',
  items: [
    ['path', 'path of the lock file'],
    ['state', 'held, leftover (the holder is gone; the file blocks nothing), free, missing or unreadable'],
    ['heldBy', 'exclusive, shared, record (a gateway that holds no kernel lock, such as OpenClaw) or null'],
    ['owner, ownerAlive', 'the owner record in the file, and whether its process is alive; null if unknown'],
    ['holderPid', 'the holder, if it has inherited the lock from a process that is gone'],
    ['command', 'program and arguments of the holder, or null'],
    ['host, port', 'endpoint in the owner record, or null'],
    ['listening, health', 'whether the port accepts connections, and { healthy, reason, status }; or null'],
    ['cause', '{ code, message } if the file is unreadable, or null'],
  ],
};

const CLUSTER_FIELDS: HelpSection = {
  title: 'With --cluster also { "cluster": ... }',
  items: [
    ['name, target', 'name of the cluster lock, and the servers'],
    ['state', 'free, held, or unreachable (the lock may be free or held)'],
    ['owner, token', 'owner record and fencing token of the holder, or null'],
    ['cause', '{ code, message } if the servers are unreachable, or null'],
    ['facts', 'checks of the servers: [{ level, subject, message }]; level is ok, warning or error'],
  ],
};

async function status(flags: StatusFlags): Promise<void> {
  const options = gatewayOptions(flags);
  const read = () => listLocks(options);
  const cluster = await readClusterReport(flags);
  // With --watch, each JSON document is one line, so that readers can separate the documents.
  const show = (locks: readonly ListedLock[]) =>
    flags.json ? [jsonText(statusJson(locks, cluster), flags.watch ? 0 : 2)] : statusText(locks, flags, cluster);
  if (flags.watch) await watchLocks({ read, show, intervalMs: flags.interval });
  else await print(`${show(await read()).join('\n')}\n`);
}

function statusText(locks: readonly ListedLock[], flags: StatusFlags, cluster: ClusterReport | null): string[] {
  const options = gatewayOptions(flags);
  const searched = flags.lock === undefined ? listStateDirectories(options) : [flags.lock];
  const lines = statusLines(locks, searched, {
    columns: process.stdout.columns ?? Number.POSITIVE_INFINITY,
    nowMs: Date.now(),
    paint: painter(process.stdout),
  });
  return cluster === null ? lines : [...lines, '', ...clusterLines(cluster).map(printable)];
}

function parseInterval(text: string): number {
  const ms = parseMilliseconds(text);
  if (ms >= MIN_INTERVAL_MS) return ms;
  throw new InvalidArgumentError(`Expected ${MIN_INTERVAL_MS} or more milliseconds.`);
}
