// gateway-lock run: holds the lock for a program that does not use this package itself.
import { fstatSync } from 'node:fs';
import type { Command } from 'commander';
import type { GatewayLock } from '../../index.js';
import { activationOf, execAs, programsInherit, withSockets } from '../../internal.js';
import { runUntilDeadline } from '../cluster/run-until-deadline.js';
import { withExamples } from '../examples.js';
import { withExitCodes } from '../exit-codes.js';
import { findProgram } from '../find-program.js';
import { portFlag } from '../gateway-flags.js';
import { refuseOpenClaw } from '../openclaw.js';
import { errorLine, say } from '../output.js';
import { type ChildEnd, SignalRelay } from '../signal-relay.js';
import { acquireLock } from './run/acquire-lock.js';
import { keepRunning } from './run/keep-running.js';
import { addRunFlags, assertSupportedFlags, type RunFlags } from './run/run-flags.js';

export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .summary('run a program while holding the lock and the port')
    .description(
      'Runs a program while holding the lock. The lock is held as long as the program or this command is running. ' +
        'With --port the program inherits the listening socket as descriptor 3, as in the socket activation of systemd ' +
        '(LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES). This command passes signals on to the program, and exits with its exit code. ' +
        'With --restart and --reload-on it keeps lock and socket while the program is started again or replaced, so that no client is refused.',
    )
    .passThroughOptions()
    .argument('<command...>', 'the program and its arguments, after --')
    .addOption(portFlag('TCP port to bind for the program (default: none)'))
    .action(run);
  addRunFlags(command);
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
    line: 'gateway-lock run --port 18790 --restart on-failure --reload-on SIGHUP -- node server.js',
    what: 'restart a server after a crash, and replace it on SIGHUP, without refusing a client',
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
    // Read first, because the lock adopts a socket that fits, and removes the variables then.
    const sockets = activationOf(process.env, process.pid);
    const lock = await acquireLock(flags, signals.interrupted);
    return typeof lock === 'number' ? { code: lock } : await runLocked(lock, { file, words, sockets }, flags, signals);
  });
  signals.exitAs(ended);
}

interface Task {
  readonly file: string;
  readonly words: readonly string[];
  /** The sockets that a service manager has passed to this process. */
  readonly sockets: ReturnType<typeof activationOf>;
}

async function runLocked(lock: GatewayLock, task: Task, flags: RunFlags, signals: SignalRelay): Promise<ChildEnd> {
  const { file, words } = task;
  try {
    lock.onLost((error) => say(errorLine(error)));
    // Another `gateway-lock run` has started this one, and may still run the predecessor.
    if (lock.inheritedFrom === 'run') await lock.ready();
    if (!flags.handover) await lock.listener?.close();
    // A signal that arrived while the lock was being acquired ends this command before the program
    // starts.
    signals.interrupted.throwIfAborted();
    if (flags.exec) execAs(inheritanceOf(lock, task), { path: file, args: words });
    if (lock.cluster !== null) return await runUntilDeadline(lock, words, flags.stopGrace, signals);
    const inheritance = programsInherit ? inheritanceOf(lock, task) : null;
    return await keepRunning(lock, { file, words, inheritance }, flags, signals);
  } finally {
    await close(lock);
  }
}

/** What the program inherits: the lock, its socket, and the other sockets of a service manager. */
function inheritanceOf({ inheritance, listener }: GatewayLock, { sockets }: Task) {
  const own = (listener?.fds ?? []).map(inodeOf);
  return withSockets(
    inheritance,
    sockets.filter(({ fd }) => !own.includes(inodeOf(fd))),
  );
}

function inodeOf(fd: number): bigint {
  return fstatSync(fd, { bigint: true }).ino;
}

/**
 * Closes the lock. Only reports a failure, because this command must return the program's exit
 * code.
 */
async function close(lock: GatewayLock): Promise<void> {
  try {
    // A background process of the program may have a copy of the socket, and would keep clients
    // waiting forever. A socket of a service manager stays open for the next start.
    if (programsInherit && lock.inheritedFrom === null) lock.listener?.shutdown();
    await lock.close();
  } catch (error) {
    say(errorLine(error));
  }
}
