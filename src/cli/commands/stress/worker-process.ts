// A worker process of a stress run, as the driver sees it.
import type { ChildProcess } from 'node:child_process';
import { native } from '../../../internal.js';
import { signalProcess } from '../../holder-process.js';
import type { WorkerState } from './announcement.js';
import type { Ending } from './plan.js';

/** Sends signals to a process, and tells whether it runs. */
export interface ProcessHandle {
  readonly pid: number;
  readonly isRunning: boolean;
  kill(signal: NodeJS.Signals): void;
}

const FIRST_SIGNALS: Readonly<Partial<Record<Ending, NodeJS.Signals>>> = { term: 'SIGTERM', stop: 'SIGSTOP' };

export class WorkerProcess {
  readonly process: ProcessHandle;
  readonly ending: Ending;
  readonly startedAt = performance.now();
  state: WorkerState = 'starting';
  /** True if the process has reported a state. */
  hasReported = false;
  /** True if the driver has scheduled the end of this process. */
  isEndScheduled = false;
  /** True if the driver has sent a signal that ends this process. */
  isEndedByDriver = false;
  /** True if the process has reported that it ends on purpose. */
  isLeaving = false;
  /** True if a successor has replaced the process. */
  isReplaced = false;
  /** True if the process has held the lock. */
  hasHeld = false;

  constructor(process: ProcessHandle, ending: Ending) {
    this.process = process;
    this.ending = ending;
  }

  get pid(): number {
    return this.process.pid;
  }

  /** Ends the process as planned. With `stop`, suspends it first, for `stoppedMs` milliseconds. */
  end(stoppedMs: number): void {
    this.isEndedByDriver = true;
    const { process, ending } = this;
    process.kill(FIRST_SIGNALS[ending] ?? 'SIGKILL');
    if (ending !== 'stop') return;
    setTimeout(() => {
      process.kill('SIGCONT');
      process.kill('SIGKILL');
    }, stoppedMs);
  }

  kill(): void {
    this.isEndedByDriver = true;
    this.process.kill('SIGKILL');
  }
}

/** Returns the handle of a child of the driver. */
export function handleOfChild(child: ChildProcess): ProcessHandle {
  return {
    // A program that could not be started has no pid.
    pid: child.pid ?? 0,
    get isRunning() {
      return child.exitCode === null && child.signalCode === null;
    },
    kill: (signal) => void child.kill(signal),
  };
}

/**
 * Returns the handle of a successor, which is not a child of the driver. The start token tells it
 * apart from a later process with the same pid.
 */
export function handleOf(pid: number, startToken: number): ProcessHandle {
  return {
    pid,
    get isRunning() {
      return native().processStartToken(pid) === startToken && getsSignals(pid);
    },
    kill: (signal) => void signalProcess({ pid, startToken }, signal),
  };
}

/** Returns false for a dead process whose start time Windows still knows. */
function getsSignals(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
