// gateway-lock run: holds the lock for a program that does not use this package itself.
import { type Command, Option } from 'commander';
import {
  acquireGatewayLock,
  detectSupervisor,
  type GatewayLock,
  type GatewayLockOptions,
  programsInherit,
  type SupervisedAttempt,
  startSupervised,
} from '../../index.js';
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
  /** In milliseconds; false for --no-wait. */
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
        '(LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES). Signals are passed on to the program, and its exit code is returned.',
    )
    .passThroughOptions()
    .argument('<command...>', 'the program and its arguments, after --')
    .addOption(portFlag('TCP port to bind for the program (default: none)'));
  addFlags(command, 'host', 'lock', 'stateDir', 'config', 'profile', 'app')
    .addOption(
      new Option('--wait <ms>', 'how long to wait for the holder (default: 5000; with --supervised 30000)').argParser(
        parseMilliseconds,
      ),
    )
    .option('--no-wait', 'exit at once if the lock is held')
    .option('--no-handover', 'release the port before starting the program, for programs that bind it themselves')
    .option('--supervised', 'leave a healthy gateway running, as systemd, launchd and the task scheduler need it')
    .option('--park', 'with --supervised: wait while a healthy gateway is running, and start when it ends')
    .option('--health-path <path>', 'with --supervised: URL path of the health check', '/healthz')
    .option('--exec', 'replace this process by the program: same pid, no wrapper')
    .action(run);
  addRunClusterFlags(command);
  withExamples(command, EXAMPLES);
  withExitCodes(command, EXIT_CODES);
}

const EXAMPLES = [
  { line: 'gateway-lock run -- node worker.js', what: 'one instance at a time, with the lock in ~/.gateway' },
  {
    line: 'gateway-lock run --no-wait --lock /run/lock/backup.lock -- ./backup.sh',
    what: 'a job; exits with 75 if it is already running',
  },
  {
    line: 'gateway-lock run --port 18790 --no-handover -- python3 -m http.server 18790',
    what: 'a server that binds its port itself',
  },
  {
    line: 'gateway-lock run --port 18790 --supervised -- node server.js',
    what: 'in a systemd unit; server.js listens on { fd: 3 }',
  },
];

const EXIT_CODES = [
  ['N', 'the exit code of the program'],
  [0, 'with --supervised also: already running and healthy, with a supervisor other than systemd'],
  [1, 'error; with --supervised also: the running gateway is not healthy'],
  [64, 'usage error'],
  [75, 'lock or port is in use; with --cluster also: the cluster lock was lost and the program was stopped'],
  [78, 'with --supervised under systemd: already running and healthy'],
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
 * @throws {Error} exit code 64 for flags that exclude each other or that this system cannot support
 * (docs/decisions/0017)
 */
function assertSupportedFlags(flags: RunFlags): void {
  const conflict = clusterConflict(flags);
  if (conflict !== null) throw usageError(conflict);
  const { exec, port, handover } = flags;
  if (programsInherit) return;
  if (exec) throw usageError('--exec: on Windows no process can be replaced by another program');
  if (port !== undefined && handover) {
    throw usageError(
      '--port: on Windows no program inherits a socket. Add --no-handover, and let the program bind the port itself',
    );
  }
}

function usageError(text: string): Error {
  return Object.assign(new Error(text), { exitCode: EXIT.usage });
}

/** Returns the lock, or the exit code if there is no lock. */
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
  // OpenClaw does not know the role `program`, and does not respect a holder whose role it does not
  // know.
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
    // A signal that arrived during the acquire ends this command before the program starts.
    signals.interrupted.throwIfAborted();
    if (flags.exec) lock.exec({ path: file, args: words });
    if (lock.cluster !== null) return await runUntilDeadline(lock, words, flags.stopGrace, signals);
    return await runChild(lock, file, words, signals);
  } finally {
    await close(lock);
  }
}

/**
 * Closes the lock. A failure is only reported: the exit code of the program is the one to return.
 */
async function close(lock: GatewayLock): Promise<void> {
  try {
    await lock.close();
  } catch (error) {
    say(errorLine(error));
  }
}
