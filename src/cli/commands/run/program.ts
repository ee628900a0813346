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
 * A shell script that sets LISTEN_PID and then executes the program. LISTEN_PID must be the
 * program's own pid, which is unknown before the fork. (dash drops variables whose names are not
 * identifiers, as it does for every npm script.)
 */
const SET_LISTEN_PID = 'export LISTEN_PID=$$; exec "$@"';

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
  readonly #child: ChildProcess;
  readonly #channel: CustodyChannel | null;
  readonly #notifySocket: NotifySocket | null;
  readonly #graceMs: number;
  readonly #startedMs = monotonicMs();
  #killTimer: NodeJS.Timeout | undefined;

  constructor(command: ProgramCommand, purpose: Purpose, predecessor: Program | null, listener: ProgramListener) {
    const { inheritance } = command;
    this.purpose = purpose;
    this.#graceMs = command.graceMs;
    this.#channel = inheritance === null ? null : new CustodyChannel((line) => listener.line(line));
    this.#notifySocket = command.notifies ? new NotifySocket((assignments) => listener.notified(assignments)) : null;
    this.#child =
      inheritance === null
        ? spawnInJob(command)
        : spawnInheriting(command, inheritance, {
            channel: this.#channel!.successorEnd,
            predecessor: predecessor?.name ?? null,
            notifyPath: this.#notifySocket?.path,
          });
    this.#channel?.closeSuccessorEnd();
    const pid = this.#child.pid ?? 0;
    this.name = { pid, startToken: pid === 0 ? 0 : Math.max(0, native().processStartToken(pid)) };
    this.#listen(listener);
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
    this.#child.kill(signal);
  }

  terminate(): void {
    this.#child.kill('SIGTERM');
    this.#killTimer ??= setTimeout(() => this.kill(), this.#graceMs);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #listen(listener: ProgramListener): void {
    this.#child.once('exit', (code, signal) => {
      this.#close();
      listener.ended(signal === null ? { code: code ?? 0 } : { signal });
    });
    this.#child.once('error', (error) => {
      // Also emitted if a signal cannot be sent. Without a pid, the program has not started.
      if (this.pid !== 0) return;
      say(errorLine(error));
      this.#close();
      listener.ended({ code: exitCodeOf(error) });
    });
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
  const [file, ...args] = sockets === 0 ? words : ['/bin/sh', '-c', SET_LISTEN_PID, 'sh', ...words];
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
