// gateway-lock stress: kills lock holders at random on the user's own file system, and reports
// whether two processes ever held the lock at once.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { withExamples } from '../examples.js';
import { EXIT } from '../exit-codes.js';
import { jsonText } from '../json-output.js';
import { print } from '../print.js';
import { StressDriver } from './stress/driver.js';
import { MODES, type StressOptions } from './stress/plan.js';
import { drawProgress, reportOf, type StressReport, summaryOf } from './stress/report.js';
import { runWorker } from './stress/worker.js';
import { WORKER_VARIABLE } from './stress/worker-plan.js';

interface StressFlags {
  readonly mode: StressOptions['mode'];
  readonly seconds?: number;
  readonly kills?: number;
  readonly contenders: number;
  readonly seed?: number;
  readonly lockDir?: string;
  readonly sabotage?: boolean;
  readonly json?: string;
}

const DEFAULT_SECONDS = 60;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function addStressCommand(program: Command): void {
  const command = program
    .command('stress')
    .summary('kill lock holders at random, and check that no two processes hold the lock at once')
    .description(
      'Starts worker processes that acquire one lock, kills them at random points, and starts new ones. Two independent witnesses ' +
        'detect two holders at once: a marker file that only a holder creates, and a counter that only a holder increments. Exits with ' +
        '1 if two processes held the lock at once, or if the lock was stuck. With --mode upgrade, gateways replace themselves by ' +
        'successors, and either side is killed at any time.',
    )
    .addOption(new Option('--mode <mode>', 'kind of lock to test').choices(MODES).default('lock'))
    .option('--seconds <n>', `run for n seconds (default: ${DEFAULT_SECONDS}, unless --kills is given)`, parseCount)
    .option(
      '--kills <n>',
      'run until n worker processes have ended, and one has completed a round (with --mode upgrade, also an upgrade)',
      parseCount,
    )
    .option('--contenders <n>', 'number of worker processes that run at the same time', parseCount, 8)
    .option('--seed <n>', 'repeat the random choices of an earlier run', parseCount)
    .option('--lock-dir <dir>', 'directory for the lock, on the file system to test (default: a temporary directory)')
    .option(
      '--sabotage',
      'run without the lock, to test the witnesses: the run fails unless they detect two holders at once. With --mode upgrade, a ' +
        'successor does not wait for its predecessor',
    )
    .option('--json <file>', 'write the results to a file, as JSON')
    .action(stress);
  withExamples(command, [
    {
      line: 'gateway-lock stress --kills 50',
      what: 'end 50 processes, with the lock in the directory for temporary files',
    },
    {
      line: 'gateway-lock stress --seconds 2 --lock-dir . --mode gateway',
      what: 'start and end gateways for 2 s, with their lock files in the current directory',
    },
    {
      line: 'gateway-lock stress --kills 100 --mode upgrade',
      what: 'kill gateways and their successors during upgrades',
    },
  ]);
}

async function stress(flags: StressFlags): Promise<void> {
  if (process.env[WORKER_VARIABLE] !== undefined) return runWorker();
  const parent = flags.lockDir ?? tmpdir();
  mkdirSync(parent, { recursive: true });
  const directory = mkdtempSync(join(parent, 'gateway-lock-stress-'));
  try {
    const report = await run(flags, directory);
    if (flags.json !== undefined) writeFileSync(flags.json, `${jsonText(report)}\n`);
    await print(`${summaryOf(report)}\n`);
    process.exitCode = exitCodeOf(report);
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function run(flags: StressFlags, directory: string): Promise<StressReport> {
  const { mode, contenders: workers, kills = Number.POSITIVE_INFINITY, sabotage = false } = flags;
  const seconds = flags.seconds ?? (flags.kills === undefined ? DEFAULT_SECONDS : Number.POSITIVE_INFINITY);
  const seed = flags.seed ?? Math.floor(Math.random() * 0x7fffffff);
  const options: StressOptions = { mode, seconds, kills, workers, seed, sabotage, directory };
  const driver = new StressDriver(options);
  const stopDrawing = drawProgress(options, () => driver.tally);
  const stopHandling = handleSignals((signal) => driver.stop(signal));
  try {
    await driver.run();
  } finally {
    stopHandling();
    stopDrawing();
  }
  return reportOf(options, driver.tally);
}

/** Without these handlers, a signal would end this process, and leave its workers running. */
function handleSignals(stop: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of SIGNALS) process.on(signal, stop);
  return () => {
    for (const signal of SIGNALS) process.off(signal, stop);
  };
}

/** Returns the exit code of a shell for a run that a signal has interrupted. */
function exitCodeOf({ interruptedBy, passed }: StressReport): number {
  if (interruptedBy !== null) return 128 + constants.signals[interruptedBy];
  return passed ? EXIT.ok : EXIT.failed;
}

function parseCount(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw new InvalidArgumentError('Expected a whole number above 0.');
}
