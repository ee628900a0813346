// Signals that this command receives. Before the program runs they end the wait; after that they
// are passed on.
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { signalsCanBeRelayed } from '../index.js';

/** How a program has ended: an exit code or a signal. */
export interface ChildEnd {
  readonly code?: number;
  readonly signal?: NodeJS.Signals;
}

/**
 * SIGBREAK is Ctrl+Break, which a supervisor on Windows can also send to a process group. Without a
 * handler it would end this command, and the program with it before the program's own handler runs.
 * Other systems do not have this signal.
 */
const RELAYED = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGBREAK'] as const;
/** A terminal sends these to every foreground process, so the program has already received them. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
/**
 * Signals whose default action writes a core dump. The program has written its own; this command
 * must not add a second one.
 */
const DUMPING: readonly NodeJS.Signals[] = [
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGSEGV',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGSYS',
];

/**
 * The exit code of a shell for signal 21. No call of Windows lets a process send this signal to
 * itself.
 */
const BREAK_EXIT = 128 + 21;

export class SignalRelay {
  readonly #interruption = new AbortController();
  readonly #atTerminal = [0, 1, 2].some((fd) => isatty(fd));
  #child: ChildProcess | undefined;

  constructor() {
    for (const signal of RELAYED) process.on(signal, this.#receive);
  }

  /** Aborts if a signal arrives before the program runs. The reason is the name of the signal. */
  get interrupted(): AbortSignal {
    return this.#interruption.signal;
  }

  /** Passes every later signal on to `child`. */
  relayTo(child: ChildProcess): void {
    this.#child = child;
  }

  /**
   * Runs `action`. Returns the signal if one interrupted it, so that this command ends as it would
   * without a handler.
   */
  async endedBy(action: () => Promise<ChildEnd>): Promise<ChildEnd> {
    try {
      return await action();
    } catch (error) {
      if (!this.interrupted.aborted) throw error;
      return { signal: this.interrupted.reason as NodeJS.Signals };
    }
  }

  /** Ends this command as the program ended, by the same exit code or signal. */
  exitAs({ code, signal }: ChildEnd): void {
    for (const name of RELAYED) process.off(name, this.#receive);
    if (signal === undefined) process.exitCode = code ?? 0;
    else if (signal === 'SIGBREAK') process.exitCode = BREAK_EXIT;
    else if (DUMPING.includes(signal)) process.exitCode = 128 + constants.signals[signal];
    else process.kill(process.pid, signal);
  }

  readonly #receive = (signal: NodeJS.Signals): void => {
    if (this.#child === undefined) this.#interruption.abort(signal);
    else if (signalsCanBeRelayed && !(this.#atTerminal && FROM_TERMINAL.includes(signal))) this.#child.kill(signal);
  };
}
