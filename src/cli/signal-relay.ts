// Handles the signals that this command receives. Before the program runs, a signal ends the wait
// for the lock. After that, signals are passed on to the program.
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { signalsCanBeRelayed } from '../internal.js';

/** The exit code or the signal with which a program ended. */
export interface ChildEnd {
  readonly code?: number;
  readonly signal?: NodeJS.Signals;
}

/** The receiver of signals while the program runs: a child process or a keeper. */
export interface SignalTarget {
  kill(signal: NodeJS.Signals): unknown;
  /** Is called for every signal, even if the terminal has sent it to the program too. */
  notice?(signal: NodeJS.Signals): unknown;
}

/**
 * The signals that are passed on. SIGBREAK exists only on Windows: it is Ctrl+Break, which a
 * supervisor can also send to a process group. Without a handler here, it would end this command,
 * and with it the program, before the program's own handler runs.
 */
const RELAYED = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGBREAK'] as const;
/**
 * Signals that a terminal sends to every foreground process, so the program has already received
 * them.
 */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
/**
 * Signals that dump core by default. This command does not end itself with one of them, because
 * that would write a second core dump.
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
 * The exit code that a shell reports for SIGBREAK (signal 21). On Windows a process cannot send
 * SIGBREAK to itself.
 */
const BREAK_EXIT = 128 + 21;

export class SignalRelay {
  readonly #interruption = new AbortController();
  readonly #atTerminal = [0, 1, 2].some((fd) => isatty(fd));
  #target: SignalTarget | undefined;

  constructor() {
    for (const signal of RELAYED) process.on(signal, this.#receive);
  }

  /** Aborts if a signal arrives before the program runs, with the signal's name as the reason. */
  get interrupted(): AbortSignal {
    return this.#interruption.signal;
  }

  /** Passes every later signal on to `target`. */
  relayTo(target: SignalTarget): void {
    this.#target = target;
  }

  /**
   * Runs `action`. If a signal interrupts it, returns that signal, so that this command ends with
   * the same signal as it would without a handler.
   */
  async endedBy(action: () => Promise<ChildEnd>): Promise<ChildEnd> {
    try {
      return await action();
    } catch (error) {
      if (!this.interrupted.aborted) throw error;
      return { signal: this.interrupted.reason as NodeJS.Signals };
    }
  }

  /**
   * Ends this command with the exit code or the signal with which the program ended. The kernel
   * ignores a signal that PID 1 sends to itself, so PID 1 exits with 128 + the signal.
   */
  exitAs({ code, signal }: ChildEnd): void {
    for (const name of RELAYED) process.off(name, this.#receive);
    if (signal === undefined) process.exitCode = code ?? 0;
    else if (signal === 'SIGBREAK') process.exitCode = BREAK_EXIT;
    else if (DUMPING.includes(signal) || process.pid === 1) process.exitCode = 128 + constants.signals[signal];
    else process.kill(process.pid, signal);
  }

  readonly #receive = (signal: NodeJS.Signals): void => {
    const target = this.#target;
    if (target === undefined) this.#interruption.abort(signal);
    target?.notice?.(signal);
    if (signalsCanBeRelayed && !(this.#atTerminal && FROM_TERMINAL.includes(signal))) target?.kill(signal);
  };
}
