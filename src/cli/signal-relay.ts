// Signals that this command receives: before the program runs they end the wait, then they are passed on.
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { signalsCanBeRelayed } from '../index.js';
import type { ChildEnd } from './child.js';

/**
 * SIGBREAK is Ctrl+Break, which is also what a supervisor on Windows can send to a group of processes. Without a handler it would end
 * this command, and the program with it before that has read its own. Other systems have no such signal.
 */
const RELAYED = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGBREAK'] as const;
/** A terminal sends these to all processes in the foreground: the program has it already. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
/** Their default action writes a core dump, and that of the program is the one that counts. */
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

/** As a shell says it of signal 21. Windows has no call by which a process could send it to itself. */
const BREAK_EXIT = 128 + 21;

export class SignalRelay {
  readonly #interruption = new AbortController();
  readonly #atTerminal = [0, 1, 2].some((fd) => isatty(fd));
  #child: ChildProcess | undefined;

  constructor() {
    for (const signal of RELAYED) process.on(signal, this.#receive);
  }

  /** Aborts, with the signal's name as reason, when one arrives before the program runs. */
  get interrupted(): AbortSignal {
    return this.#interruption.signal;
  }

  relayTo(child: ChildProcess): void {
    this.#child = child;
  }

  /** A signal that ends the wait ends this command as it would have without a handler. */
  async endedBy(action: () => Promise<ChildEnd>): Promise<ChildEnd> {
    try {
      return await action();
    } catch (error) {
      if (!this.interrupted.aborted) throw error;
      return { signal: this.interrupted.reason as NodeJS.Signals };
    }
  }

  /** As the program ended: by the same signal, so that whoever waits for this command sees the same. */
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
