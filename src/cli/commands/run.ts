// gateway-lock run: holds the lock for a program that knows nothing of it.
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
import { EXIT, exitCodeOf, isHeld } from '../exit-codes.js';
import { findProgram } from '../find-program.js';
import { addFlags, type GatewayFlags, gatewayOptions, parseMilliseconds } from '../gateway-flags.js';
import { refuseOpenClaw } from '../openclaw.js';
import { errorLine, say } from '../output.js';
import { type ChildEnd, SignalRelay } from '../signal-relay.js';
import { sayDuplicate } from '../supervision.js';
import { runChild } from './run/child.js';

interface RunFlags extends GatewayFlags, RunClusterFlags {
  /** Milliseconds; false for --no-wait. */
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
    .summary('hold the lock, and the port, for any program')
    .description(
      'Runs a program while holding the lock. The lock is held as long as the program or this command is running. ' +
        'With --port the program inherits the bound, listening socket as descriptor 3, by the convention of socket activation ' +
        "(LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES). Signals are passed on; the exit code is the program's own.",
    )
    .passThroughOptions()
    .argument('<command...>', 'the program and its arguments, after --');
  addFlags(command, 'port', 'host', 'lock', 'stateDir', 'config', 'profile', 'app')
    .addOption(
      new Option('--wait <ms>', 'how long to wait for a holder (default: 5000; with --supervised 30000)').argParser(
        parseMilliseconds,
      ),
    )
    .option('--no-wait', 'do not wait at all')
    .option('--no-handover', 'release the port before starting the program, for programs that bind it themselves')
    .option('--supervised', 'leave a healthy gateway in control, as systemd, launchd and the task scheduler need it')
    .option('--park', 'with --supervised: wait behind a healthy gateway, and take over when it ends')
    .option('--health-path <path>', 'with --supervised: where that gateway is asked', '/healthz')
    .option('--exec', 'become the program: same pid, no wrapper')
    .action(run);
  addRunClusterFlags(command);
  withExamples(command, [
    { line: 'gateway-lock run -- node worker.js', what: 'one at a time, by the lock in ~/.gateway' },
    {
      line: 'gateway-lock run --no-wait --lock /run/lock/backup.lock -- ./backup.sh',
      what: 'a job; exit 75 if it runs',
    },
    {
      line: 'gateway-lock run --port 18790 --no-handover -- python3 -m http.server 18790',
      what: 'a server that binds its port itself',
    },
    {
      line: 'gateway-lock run --port 18790 --supervised -- node server.js',
      what: 'in a systemd unit; server.js listens on { fd: 3 }',
    },
  ]);
  command.addHelpText(
    'after',
    "\nExit codes: the program's own; 75 lock or port is in use, or a cluster lock was lost and the program was stopped;\n" +
      'with --supervised 78 (systemd) or 0 if a healthy gateway is already running, 1 if it is not healthy;\n' +
      '126 the program cannot be run, 127 it does not exist.',
  );
}

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

/** Windows gives a program neither the lock nor the socket (docs/decisions/0017). */
function assertSupportedFlags(flags: RunFlags): void {
  const conflict = clusterConflict(flags);
  if (conflict !== null) throw usageError(conflict);
  const { exec, port, handover } = flags;
  if (programsInherit) return;
  if (exec) throw usageError('--exec: on Windows no process can become another program');
  if (port !== undefined && handover) {
    throw usageError(
      '--port: on Windows no program inherits a socket: add --no-handover, and let it bind the port itself',
    );
  }
}

function usageError(text: string): Error {
  return Object.assign(new Error(text), { exitCode: EXIT.usage });
}

/** The exit code where there is no lock to be had. */
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
  // OpenClaw knows no role `program`, and takes the lock of a holder whose role it does not know.
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
    // A signal that came while the lock was taken ends this command, and no program is started.
    signals.interrupted.throwIfAborted();
    if (flags.exec) lock.exec({ path: file, args: words });
    if (lock.cluster !== null) return await runUntilDeadline(lock, words, flags.stopGrace, signals);
    return await runChild(lock, file, words, signals);
  } finally {
    await close(lock);
  }
}

/** The program has ended, and its exit code is what counts. */
async function close(lock: GatewayLock): Promise<void> {
  try {
    await lock.close();
  } catch (error) {
    say(errorLine(error));
  }
}
