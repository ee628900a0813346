// gateway-lock run: holds the lock for a program that does not use this package itself.
import { type Command, Option } from 'commander';
import {
  acquireGatewayLock,
  detectSupervisor,
  type GatewayLock,
  type GatewayLockOptions,
  type SupervisedAttempt,
  startSupervised,
} from '../../index.js';
import { programsInherit } from '../../internal.js';
import { gatewayCluster } from '../cluster/cluster-flags.js';
import { addRunClusterFlags, clusterConflict, type RunClusterFlags } from '../cluster/run-flags.js';
import { runUntilDeadline } from '../cluster/run-until-deadline.js';
import { withExamples } from '../examples.js';
import { EXIT, exitCodeOf, isHeld, withExitCodes } from '../exit-codes.js';
import { findProgram } from '../find-program.js';
import { addFlags, type GatewayFlags, gatewayOptions, parseMilliseconds, portFlag } from '../gateway-flags.js';
import { refuseOpenClaw } from '../openclaw.js';
import { errorLine, say } from '../output.js';
import { type ChildEnd, SignalRelay } from '../signal-relay.js';
import { sayDuplicate } from '../supervision.js';
import { runChild } from './run/child.js';

interface RunFlags extends GatewayFlags, RunClusterFlags {
  /** Milliseconds to wait for the lock; false with --no-wait. */
  readonly wait?: number | false;
  readonly supervised?: boolean;
  readonly park?: boolean;
  readonly healthPath: string;
  readonly handover: boolean;
  readonly exec?: boolean;
}

export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .summary('run a program while holding the lock and the port')
    .description(
      'Runs a program while holding the lock. The lock is held as long as the program or this command is running. ' +
        'With --port the program inherits the listening socket as descriptor 3, as in the socket activation of systemd ' +
        '(LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES). This command passes signals on to the program, and exits with its exit code.',
    )
    .passThroughOptions()
    .argument('<command...>', 'the program and its arguments, after --')
    .addOption(portFlag('TCP port to bind for the program (default: none)'));
  addFlags(command, 'host', 'lock', 'stateDir', 'config', 'profile', 'app')
    .addOption(
      new Option(
        '--wait <ms>',
        'how long to wait for the lock (default: 5000; with --supervised 30000), and then for the cluster lock (default: 2 * --ttl)',
      ).argParser(parseMilliseconds),
    )
    .option('--no-wait', 'exit at once if the lock is held')
    .option('--no-handover', 'release the port before starting the program, for programs that bind the port themselves')
    .option(
      '--supervised',
      'if a healthy gateway is already running, leave it running and exit (for systemd, launchd and the task scheduler)',
    )
    .option('--park', 'with --supervised: wait while a healthy gateway is running, and start when it ends')
    .option('--health-path <path>', 'with --supervised: URL path of the health check', '/healthz')
    .option('--exec', 'replace this process by the program: same pid, no wrapper')
    .action(run);
  addRunClusterFlags(command);
  withExamples(command, EXAMPLES);
  withExitCodes(command, EXIT_CODES);
}

const EXAMPLES = [
  { line: 'gateway-lock run -- node worker.js', what: 'run one instance at a time, with the lock in ~/.gateway' },
  {
    line: 'gateway-lock run --no-wait --lock /run/lock/backup.lock -- ./backup.sh',
    what: 'run a job, or exit with 75 if the job is already running',
  },
  {
    line: 'gateway-lock run --port 18790 --no-handover -- python3 -m http.server 18790',
    what: 'run a server that binds its port itself',
  },
  {
    line: 'gateway-lock run --port 18790 --supervised -- node server.js',
    what: 'command line for a systemd unit; server.js listens on { fd: 3 }',
  },
];

const EXIT_CODES = [
  ['N', 'the exit code of the program'],
  [0, 'with --supervised under a supervisor other than systemd also: a healthy gateway is already running'],
  [1, 'error; with --supervised also: the running gateway is not healthy'],
  [64, 'usage error'],
  [75, 'the lock or the port is in use; with --cluster also: the cluster lock was lost and the program was stopped'],
  [78, 'with --supervised under systemd: a healthy gateway is already running'],
  [126, 'the program cannot be run'],
  [127, 'the program does not exist'],
] as const;

async function run(words: string[], flags: RunFlags): Promise<void> {
  assertSupportedFlags(flags);
  refuseOpenClaw(words, flags);
  const file = findProgram(words[0]!);
  const signals = new SignalRelay();
  const ended = await signals.endedBy(async () => {
    const lock = await acquire(flags, signals.interrupted);
    return typeof lock === 'number' ? { code: lock } : await runLocked(lock, file, words, flags, signals);
  });
  signals.exitAs(ended);
}

/**
 * @throws {Error} with exit code 64 if flags exclude each other, or if this system cannot support a
 *   flag (docs/decisions/0017)
 */
function assertSupportedFlags(flags: RunFlags): void {
  const conflict = clusterConflict(flags);
  if (conflict !== null) throw usageError(conflict);
  const { exec, port, handover } = flags;
  if (programsInherit) return;
  if (exec) throw usageError('--exec: not available on Windows, which cannot replace a process by another program');
  if (port !== undefined && handover) {
    throw usageError(
      '--port: on Windows a program cannot inherit a socket. Add --no-handover, and let the program bind the port itself',
    );
  }
}

function usageError(text: string): Error {
  return Object.assign(new Error(text), { exitCode: EXIT.usage });
}

/** Acquires the lock. Returns it, or this command's exit code if it was not acquired. */
async function acquire(flags: RunFlags, signal: AbortSignal): Promise<GatewayLock | number> {
  try {
    const cluster = await gatewayCluster(flags, flags.wait === false ? 0 : flags.wait);
    const options = { ...lockOptions(flags), signal, ...(cluster === undefined ? {} : { cluster }) };
    return flags.supervised ? await acquireSupervised(options, flags) : await acquireGatewayLock(options);
  } catch (error) {
    if (signal.aborted) throw error;
    say(errorLine(error));
    return isHeld(error) && !flags.supervised ? EXIT.held : exitCodeOf(error);
  }
}

function lockOptions(flags: RunFlags): GatewayLockOptions {
  const { wait } = flags;
  const timeouts = wait === undefined ? {} : { timeoutMs: wait || 0, bindTimeoutMs: wait || 0 };
  // OpenClaw does not know the role `program`, and ignores holders with unknown roles.
  const role = flags.app === 'openclaw' ? 'gateway' : 'program';
  return { ...gatewayOptions(flags), bind: flags.port !== undefined, role, ...timeouts };
}

async function acquireSupervised(options: GatewayLockOptions, flags: RunFlags): Promise<GatewayLock | number> {
  const outcome = await startSupervised({
    start: (attempt: SupervisedAttempt) => acquireGatewayLock({ ...options, ...attempt }),
    supervisor: detectSupervisor(process.env, flags.app === undefined ? {} : { app: flags.app }),
    health: { path: flags.healthPath },
    park: flags.park ?? false,
    signal: options.signal!,
    ...(flags.wait === undefined ? {} : { budgetMs: flags.wait || 0 }),
  });
  return outcome.outcome === 'started' ? outcome.gateway : sayDuplicate(outcome);
}

async function runLocked(
  lock: GatewayLock,
  file: string,
  words: readonly string[],
  flags: RunFlags,
  signals: SignalRelay,
): Promise<ChildEnd> {
  try {
    lock.onLost((error) => say(errorLine(error)));
    if (!flags.handover) await lock.listener?.close();
    // A signal that arrived while the lock was being acquired ends this command before the program
    // starts.
    signals.interrupted.throwIfAborted();
    if (flags.exec) lock.exec({ path: file, args: words });
    if (lock.cluster !== null) return await runUntilDeadline(lock, words, flags.stopGrace, signals);
    return await runChild(lock, file, words, signals);
  } finally {
    await close(lock);
  }
}

/**
 * Closes the lock. Only reports a failure, because this command must return the program's exit
 * code.
 */
async function close(lock: GatewayLock): Promise<void> {
  try {
    await lock.close();
  } catch (error) {
    say(errorLine(error));
  }
}
