// gateway-lock status: who has which lock, and is it well?
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ListedLock, listLocks, listStateDirectories } from '../../index.js';
import { printable } from '../../printable.js';
import { addClusterFlags, type ClusterFlags, ttlFlag } from '../cluster/cluster-flags.js';
import { type ClusterReport, clusterLines, readClusterReport } from '../cluster/cluster-report.js';
import { withExamples } from '../examples.js';
import { addFlags, type GatewayFlags, gatewayOptions, parseMilliseconds } from '../gateway-flags.js';
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

const SHORTEST_INTERVAL_MS = 100;

export function addStatusCommand(program: Command): void {
  const command = program
    .command('status')
    .summary('list locks, their holders and health')
    .description(
      'Lists the locks under the state directories: the one that is named, else ~/.<app> and every ~/.<app>-<profile>. ' +
        'Nothing is created, changed or removed.',
    );
  addClusterFlags(addFlags(command, 'stateDir', 'lock', 'profile', 'app'))
    .addOption(ttlFlag())
    .option('--json', 'print { "locks": [...] } for programs')
    .option('--watch', 'keep looking: redraw a terminal; into a pipe print again what has changed')
    .addOption(
      new Option('--interval <ms>', 'how often, with --watch')
        .default(1000, '1000')
        .argParser(parseInterval)
        .implies({ watch: true }),
    )
    .action(status);
  withExamples(command, [
    { line: 'gateway-lock status', what: 'all gateways of this user' },
    { line: 'gateway-lock status --profile rescue --json', what: 'one of them, for a program' },
    { line: 'gateway-lock status --watch', what: 'until Ctrl-C' },
  ]);
  command.addHelpText(
    'after',
    `
Fields of each lock in --json:
  path                 of the lock file
  state                held, leftover (its holder is gone: it blocks nothing), free, missing, unreadable
  heldBy               exclusive, shared, record (a gateway that holds no kernel lock, such as OpenClaw), or null
  owner, ownerAlive    the record in the file, and whether that very process is alive; null when unknown
  command              its program and arguments, or null
  host, port           where it listens, as its record says, or null
  listening, health    does the port answer, and how: { healthy, reason, status }; or null
  cause                { code, message } when it is unreadable, or null
With --cluster also { "cluster": ... }:
  name, target         of the lock, and the servers
  state                free, held, unreachable (which is neither)
  owner, token         of the holder, or null
  cause                { code, message } when it is unreachable, or null
  facts                what doctor checks: [{ level, subject, message }]; level is ok, warning or error

Exit codes: 0 success, whatever the state of the locks; 1 error; 64 usage error.`,
  );
}

async function status(flags: StatusFlags): Promise<void> {
  const options = gatewayOptions(flags);
  const look = () => listLocks(options);
  const cluster = await readClusterReport(flags);
  // One line where there may be several answers.
  const show = (locks: readonly ListedLock[]) =>
    flags.json ? [jsonText(statusJson(locks, cluster), flags.watch ? 0 : 2)] : statusText(locks, flags, cluster);
  if (flags.watch) await watchLocks({ look, show, intervalMs: flags.interval });
  else await print(`${show(await look()).join('\n')}\n`);
}

function statusText(locks: readonly ListedLock[], flags: StatusFlags, cluster: ClusterReport | null): string[] {
  const options = gatewayOptions(flags);
  const lookedIn = flags.lock === undefined ? listStateDirectories(options) : [flags.lock];
  const lines = statusLines(locks, lookedIn, {
    columns: process.stdout.columns ?? Number.POSITIVE_INFINITY,
    nowMs: Date.now(),
    paint: painter(process.stdout),
  });
  return cluster === null ? lines : [...lines, '', ...clusterLines(cluster).map(printable)];
}

function parseInterval(text: string): number {
  const ms = parseMilliseconds(text);
  if (ms >= SHORTEST_INTERVAL_MS) return ms;
  throw new InvalidArgumentError(`It must be ${SHORTEST_INTERVAL_MS} or more.`);
}
