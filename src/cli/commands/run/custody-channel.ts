// The custody channel between this process and one program. The end of the channel tells the
// program that its predecessor is gone. It is also what the kernel does if this process dies.
import { closeSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { native } from '../../../internal.js';

/** The byte that makes the first reader, and no child of the program, the successor. */
const TOKEN = 'a';
/** The longest line in characters. The rest of a longer line is cut off. */
const MAX_LINE = 4096;

export class CustodyChannel {
  /** The program's end, for the `stdio` of child_process.spawn(). */
  readonly programEnd: number;
  readonly #socket: Socket;

  constructor() {
    const [own, programEnd] = native().socketPair();
    writeSync(own, TOKEN);
    this.programEnd = programEnd;
    // Half-open, because the program writes to the channel even after the commit.
    this.#socket = new Socket({ fd: own, readable: true, writable: true, allowHalfOpen: true });
    // A program that does not use this package never reads the token. The kernel then reports
    // ECONNRESET when the program ends.
    this.#socket
      .on('error', () => {})
      .setEncoding('utf8')
      .unref();
  }

  /** Calls `listener` with each line from the program: `adopted`, `ready` or `refused REASON`. */
  onLine(listener: (line: string) => void): void {
    let rest = '';
    this.#socket.on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop()!.slice(0, MAX_LINE);
      for (const line of lines) listener(line);
    });
  }

  /** Closes this process's copy of the program's end, once the program has its own. */
  closeProgramEnd(): void {
    closeSync(this.programEnd);
  }

  /** Ends the channel for the program, which may now serve. */
  commit(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }
}
