// The successor of a gateway: a child process that inherits the sockets, the locks and its end of
// the custody channel. On Windows it gets only the sockets, through Node's IPC channel.
import type { ChildProcess } from 'node:child_process';
import { loadChildProcess } from '../../native/builtins.js';
import { native } from '../../native/load.js';
import { socketsAreSent } from '../../native/platform.js';
import type { SentSocket } from '../../native/server-handle.js';
import { sleep } from '../../sleep.js';
import { formatInherited, INHERITED_VARIABLE } from '../inherited/variable.js';
import { CustodyChannel } from './custody-channel.js';
import { spawnWithIpc } from './ipc-channel.js';
import type { StartedSuccessor, SuccessorChannel } from './successor-channel.js';
import type { UpgradeFailure, UpgradeRequest } from './upgrade-options.js';

/** Milliseconds between SIGTERM and SIGKILL, and the time limit for the end after SIGKILL. */
const STOP_GRACE_MS = 5000;

/** Milliseconds between the end of a dead process's channel and the report of its exit, at most. */
const EXIT_MS = 1000;

/** Why a successor does not take over. */
export interface Failure {
  readonly reason: UpgradeFailure;
  readonly exitCode?: number | null;
  readonly signal?: NodeJS.Signals | null;
  readonly cause?: unknown;
}

/** The descriptors that a successor inherits. */
export interface Descriptors {
  readonly sockets: readonly number[];
  readonly locks: readonly number[];
}

/** What a successor gets: descriptors that it inherits, or sockets that are sent to it. */
export type Bequeathed = Descriptors | { readonly handles: readonly SentSocket[] };

export class Successor {
  /** Null if the program could not be started. */
  readonly pid: number | null;
  /**
   * Resolves when the process has exited or has closed its gateway lock, or when its program could
   * not be started.
   */
  readonly lost: Promise<Failure>;
  /**
   * Resolves when also no child of the process has the successor's end of the channel. The channel
   * stays open until then, because its end would let such a child take over.
   */
  readonly gone: Promise<void>;
  /** Resolves with null when the successor is ready, and with the reason if it refuses. */
  readonly reported: Promise<Failure | null>;
  readonly #child: ChildProcess;
  readonly #channel: SuccessorChannel;
  #hasLeft = false;
  #isGone = false;

  /** Starts the program. @throws the system's error if the custody channel cannot be opened */
  constructor(request: UpgradeRequest, bequeathed: Bequeathed) {
    let report: (failure: Failure | null) => void = () => {};
    this.reported = new Promise((resolve) => {
      report = resolve;
    });
    const onLine = (line: string) => readReport(line, report);
    const started =
      'handles' in bequeathed
        ? spawnWithIpc(request, bequeathed.handles, onLine)
        : spawnWithDescriptors(request, bequeathed, onLine);
    this.#child = started.child;
    this.#channel = started.channel;
    this.pid = this.#child.pid ?? null;
    const exited = exitOf(this.#child);
    const left = this.#channel.ended.then(() => {
      this.#hasLeft = true;
      return afterExit();
    });
    this.lost = Promise.race([exited, left]);
    this.gone = Promise.all([exited, this.#channel.ended]).then(() => {
      this.#isGone = true;
      this.#channel.close();
    });
  }

  /**
   * True if {@link lost} resolves soon. Asks the system, which reports the death of a large process
   * long before its exit.
   */
  get isLost(): boolean {
    if (this.#hasLeft || this.pid === null) return this.#hasLeft;
    // On Windows a dead process has a start time until its exit is reported, but gets no signal 0.
    return native().processStartToken(this.pid) === -1 || (socketsAreSent && !this.#child.kill(0));
  }

  /** @see SuccessorChannel.takeCopies */
  takeCopies(): readonly SentSocket[] | null {
    return this.#channel.takeCopies();
  }

  /** Commits the upgrade: ends the channel. The process no longer keeps this one running. */
  commit(): void {
    this.#channel.close();
    this.#child.unref();
  }

  /**
   * Ends the successor: SIGTERM, after 5 s SIGKILL. Resolves when the successor is {@link gone}, or
   * after 10 s.
   */
  async stop(): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (this.#isGone) return;
      this.#child.kill(signal);
      const waiting = new AbortController();
      const timeout = sleep(STOP_GRACE_MS, waiting.signal).catch(() => {});
      await Promise.race([this.gone, timeout]);
      waiting.abort();
    }
  }
}

function spawnWithDescriptors(
  request: UpgradeRequest,
  descriptors: Descriptors,
  onLine: (line: string) => void,
): StartedSuccessor {
  const channel = new CustodyChannel(onLine);
  try {
    return { child: spawnSuccessor(request, descriptors, channel.successorEnd), channel };
  } catch (error) {
    channel.close();
    throw error;
  } finally {
    channel.closeSuccessorEnd();
  }
}

function spawnSuccessor(request: UpgradeRequest, { sockets, locks }: Descriptors, channel: number): ChildProcess {
  const [file, ...args] = request.command;
  const inherited = formatInherited({ from: 'upgrade', sockets: sockets.length, locks: locks.length });
  const { LISTEN_PID: _, LISTEN_FDS: __, LISTEN_FDNAMES: ___, ...env } = request.env;
  return loadChildProcess().spawn(file, args, {
    env: { ...env, [INHERITED_VARIABLE]: inherited },
    stdio: [...request.stdio, ...sockets, ...locks, channel],
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
  });
}

/** The failure of a successor that has closed the channel, and does not exit within 1 s. */
function afterExit(): Promise<Failure> {
  const cause = new Error('the successor has closed its gateway lock');
  return new Promise((resolve) => setTimeout(resolve, EXIT_MS, { reason: 'not-adopted', cause }).unref());
}

/** Reads a line of the custody channel. Ignores lines of later versions. */
function readReport(line: string, report: (failure: Failure | null) => void): void {
  if (line === 'ready') report(null);
  if (line.startsWith('refused')) report({ reason: 'not-adopted', cause: new Error(line.slice('refused '.length)) });
}

function exitOf(child: ChildProcess): Promise<Failure> {
  return new Promise((resolve) => {
    child.on('error', (cause) => {
      if (child.pid === undefined) resolve({ reason: 'exited', cause });
    });
    child.once('exit', (exitCode, signal) => resolve({ reason: 'exited', exitCode, signal }));
  });
}
