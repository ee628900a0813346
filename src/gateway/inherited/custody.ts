// The successor's end of the custody channel, a socket whose other end only the predecessor has.
// The end of the channel means that the predecessor has left, or has died.
import type { Socket } from 'node:net';
import type { ProcessReference } from '../../errors.js';
import { loadNet } from '../../native/builtins.js';
import { native } from '../../native/load.js';
import { printable } from '../../printable.js';
import { sleep } from '../../sleep.js';
import type { Inherited } from './variable.js';

/** Milliseconds between checks whether the predecessor is gone. */
const PREDECESSOR_CHECK_MS = 10;

/** Milliseconds until the channel is closed. Closing it at once would delay the first connection. */
const CLOSE_DELAY_MS = 100;

export class Custody {
  readonly #channel: Socket;
  readonly #predecessor: ProcessReference | null;
  readonly #ended: Promise<void>;
  readonly #left = new AbortController();

  constructor({ channel, predecessor }: Inherited) {
    this.#predecessor = predecessor;
    this.#channel = new (loadNet().Socket)({ fd: channel, readable: true, writable: true, allowHalfOpen: true });
    // The end of the channel is an error if the predecessor was killed before it read a report.
    this.#channel.on('error', () => {});
    this.#ended = new Promise((resolve) => this.#channel.once('end', resolve).once('close', () => resolve()));
    this.#channel.resume();
    this.#channel.unref();
  }

  /** Aborts with the reason of {@link leave}. */
  get signal(): AbortSignal {
    return this.#left.signal;
  }

  /** Sends one line to the predecessor. */
  report(line: string): void {
    this.#channel.write(`${line}\n`);
  }

  /** Tells the predecessor that nothing was adopted, and ends the channel from this side. */
  refuse(reason: string): void {
    this.report(`refused ${printable(reason)}`);
    this.leave(new Error(reason));
  }

  /**
   * Step 20 of docs/protocol.md. Resolves once the predecessor is gone. Keeps the process alive
   * until then.
   *
   * @throws the reason of {@link leave}
   */
  async end(): Promise<void> {
    this.#channel.ref();
    await this.#ended;
    while (this.#predecessor !== null && isRunning(this.#predecessor)) await sleep(PREDECESSOR_CHECK_MS, this.signal);
    this.signal.throwIfAborted();
    setTimeout(() => this.#channel.destroy(), CLOSE_DELAY_MS).unref();
  }

  /** Ends the channel from this side, after the last report. */
  leave(reason: Error): void {
    this.#left.abort(reason);
    this.#channel.end(() => this.#channel.destroy());
  }
}

function isRunning({ pid, startToken }: ProcessReference): boolean {
  const token = native().processStartToken(pid);
  return token !== -1 && (token === startToken || token === 0 || startToken === 0);
}
