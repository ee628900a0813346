// One run of the program: a child process that inherits the locks and the listening sockets.
import { type ChildProcess, spawn } from 'node:child_process';
import { monotonicMs } from '../../../clock.js';
import type { Inheritance, KeeperReference, ProcessReference } from '../../../index.js';
import {
  CustodyChannel,
  environmentWith,
  formatInherited,
  INHERITED_VARIABLE,
  killChildrenOnExit,
  native,
  spawnCommand,
} from '../../../internal.js';
import { exitCodeOf } from '../../exit-codes.js';
import { errorLine, say } from '../../output.js';
import type { ChildEnd } from '../../signal-relay.js';
import type { KeptProgram, Purpose } from './keeper.js';
import { NotifySocket } from './notify-socket.js';

/**
 * Returns a shell script that sets the variables and then executes the program. Their value must be
 * the program's own pid, which is unknown before the fork. (dash drops variables whose names are not
 * identifiers, as it does for every npm script.)
 */
function setPids(names: readonly string[]): string {
  return `export ${names.map((name) => `${name}=$$`).join(' ')}; exec "$@"`;
}

/** What is the same for each run of the program. */
export interface ProgramCommand {
  readonly words: readonly string[];
  /** The path of the program's file. */
  readonly file: string;
  /** The locks and sockets that the program inherits; null on Windows. */
  readonly inheritance: Inheritance | null;
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /** This process, for the owner record and GATEWAY_LOCK_INHERITED. */
  readonly keeper: KeeperReference;
  /** True if the program reports its state to this process instead of to systemd. */
  readonly notifies: boolean;
}

export interface ProgramListener {
  /** A line on the custody channel. */
  line(line: string): void;
  /** The assignments of a message to NOTIFY_SOCKET. */
  notified(assignments: readonly string[]): void;
  ended(end: ChildEnd): void;
}

export class Program implements KeptProgram {
  readonly purpose: Purpose;
  readonly name: ProcessReference;
  /** True once the program has adopted the lock with this package. */
  adopted = false;
  /** Null if the program could not be started. */
  readonly #child: ChildProcess | null;
  #channel: CustodyChannel | null = null;
  #notifySocket: NotifySocket | null = null;
  readonly #graceMs: number;
  readonly #startedMs = monotonicMs();
  #killTimer: NodeJS.Timeout | undefined;

  constructor(command: ProgramCommand, purpose: Purpose, predecessor: Program | null, listener: ProgramListener) {
    this.purpose = purpose;
    this.#graceMs = command.graceMs;
    this.#child = this.#start(command, predecessor, listener);
    const pid = this.#child?.pid ?? 0;
    this.name = { pid, startToken: pid === 0 ? 0 : Math.max(0, native().processStartToken(pid)) };
  }

  get pid(): number {
    return this.name.pid;
  }

  get ranMs(): number {
    return monotonicMs() - this.#startedMs;
  }

  commit(): void {
    this.#channel?.commit();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  terminate(): void {
    this.#child?.kill('SIGTERM');
    this.#killTimer ??= setTimeout(() => this.kill(), this.#graceMs);
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  #start(command: ProgramCommand, predecessor: Program | null, listener: ProgramListener): ChildProcess | null {
    try {
      return this.#listen(this.#spawn(command, predecessor, listener), listener);
    } catch (error) {
      // For example a full disk. Reported later, as Node reports most errors of a spawn.
      setImmediate(() => this.#failed(error, listener));
      return null;
    }
  }

  #spawn(command: ProgramCommand, predecessor: Program | null, listener: ProgramListener): ChildProcess {
    const { inheritance } = command;
    if (inheritance === null) return spawnInJob(command);
    const channel = new CustodyChannel((line) => listener.line(line));
    this.#channel = channel;
    try {
      if (command.notifies) this.#notifySocket = new NotifySocket((assignments) => listener.notified(assignments));
      return spawnInheriting(command, inheritance, {
        channel: channel.successorEnd,
        predecessor: predecessor?.name ?? null,
        notifyPath: this.#notifySocket?.path,
      });
    } finally {
      channel.closeSuccessorEnd();
    }
  }

  #listen(child: ChildProcess, listener: ProgramListener): ChildProcess {
    child.once('exit', (code, signal) => {
      // First, so that the next program serves before this one is tidied up.
      listener.ended(signal === null ? { code: code ?? 0 } : { signal });
      this.#close();
    });
    // Also emitted each time a signal cannot be sent. Without a pid, the program has not started.
    child.on('error', (error) => {
      if (child.pid === undefined) this.#failed(error, listener);
      else say(errorLine(error));
    });
    return child;
  }

  #failed(error: unknown, listener: ProgramListener): void {
    say(errorLine(error));
    this.#close();
    listener.ended({ code: exitCodeOf(error) });
  }

  #close(): void {
    clearTimeout(this.#killTimer);
    this.#channel?.close();
    this.#notifySocket?.close();
  }
}

interface Passed {
  readonly channel: number;
  readonly predecessor: ProcessReference | null;
  readonly notifyPath: string | undefined;
}

function spawnInheriting(
  { words, keeper }: ProgramCommand,
  inheritance: Inheritance,
  { channel, predecessor, notifyPath }: Passed,
): ChildProcess {
  const sockets = Number(inheritance.environment['LISTEN_FDS'] ?? 0);
  // Without its own pid there, a program of systemd does not report that it is alive (man 3
  // sd_watchdog_enabled).
  const watchdog = process.env['WATCHDOG_PID'] === String(process.pid) ? ['WATCHDOG_PID'] : [];
  const pidVariables = [...(sockets === 0 ? [] : ['LISTEN_PID']), ...watchdog];
  const [file, ...args] = pidVariables.length === 0 ? words : ['/bin/sh', '-c', setPids(pidVariables), 'sh', ...words];
  const { descriptors } = inheritance;
  const inherited = formatInherited({
    from: 'run',
    sockets,
    locks: descriptors.length - sockets,
    keeper,
    ...(predecessor === null ? {} : { predecessor }),
  });
  const env = { ...environmentWith(inheritance, process.env), [INHERITED_VARIABLE]: inherited };
  return spawn(file!, args, {
    stdio: ['inherit', 'inherit', 'inherit', ...descriptors, channel],
    env: notifyPath === undefined ? env : { ...env, NOTIFY_SOCKET: notifyPath },
  });
}

/**
 * Starts a program that does not inherit the lock. This process keeps the lock, so the program must
 * not outlive it.
 */
function spawnInJob({ words: [name, ...words], file: found }: ProgramCommand): ChildProcess {
  const { file, args, ...options } = spawnCommand(name!, found, words);
  killChildrenOnExit();
  return spawn(file, args, { stdio: 'inherit', ...options });
}
