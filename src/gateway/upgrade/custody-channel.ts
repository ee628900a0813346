// The predecessor's end of the custody channel, a pair of connected sockets. The successor reports
// on it. The end of the channel tells the successor that the predecessor has left, or has died. The
// keeper of `gateway-lock run` has such a channel to each of its programs.
import { closeSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { loadNet } from '../../native/builtins.js';
import { native } from '../../native/load.js';

/** The process that reads this byte may adopt the descriptors, so that no two processes do. */
const TOKEN = 'a';

/** The longest line in characters, so that a successor cannot fill the memory. */
const MAX_LINE_LENGTH = 4096;

export class CustodyChannel {
  /** The successor's end, to be passed to it; closed by {@link closeSuccessorEnd}. */
  readonly successorEnd: number;
  /** Resolves when no process has the successor's end, or after {@link close}. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  /** The descriptor of the socket. */
  readonly #own: number;
  #rest = '';

  /** Opens the channel. Calls `onLine` for each line that the successor sends. */
  constructor(onLine: (line: string) => void) {
    const [own, other] = native().socketPair();
    writeSync(own, TOKEN);
    this.#own = own;
    this.successorEnd = other;
    // Half-open, because a program of the keeper reports even after the commit.
    this.#socket = new (loadNet().Socket)({ fd: own, readable: true, writable: true, allowHalfOpen: true });
    this.#socket.setEncoding('utf8').on('data', (text: string) => this.#split(text, onLine));
    // Reset if the successor died before it read the token.
    this.#socket.on('error', () => {});
    this.ended = new Promise((resolve) => this.#socket.once('end', resolve).once('close', () => resolve()));
    this.#socket.unref();
  }

  /** Closes this process's copy of the successor's end, after the spawn. */
  closeSuccessorEnd(): void {
    closeSync(this.successorEnd);
  }

  /** The predecessor makes its own copies. */
  takeCopies(): null {
    return null;
  }

  /**
   * Ends the channel for the successor, which may go on. Its later reports are still read. Works at
   * once, whereas `socket.end()` waits until this process has finished its current work.
   */
  commit(): void {
    if (!this.#socket.destroyed) native().endWrites(this.#own);
  }

  /** Closes the channel, which also commits if the successor is alive. */
  close(): void {
    this.#socket.destroy();
  }

  #split(text: string, onLine: (line: string) => void): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!.slice(0, MAX_LINE_LENGTH);
    for (const line of lines) onLine(line);
  }
}
