// What the command says. Results go to stdout, everything else to stderr.
import { writeSync } from 'node:fs';
import { styleText } from 'node:util';
import { GatewayLockError } from '../index.js';
import { printable } from '../printable.js';

type Style = Parameters<typeof styleText>[0];

/** One line, whatever is in the text: an error of a program is read by programs, too. */
export function errorLine(error: unknown): string {
  const { message } = error as Error;
  const hint = error instanceof GatewayLockError ? `. ${error.hint}` : '';
  return `gateway-lock: ${printable(`${message}${hint}`)}`;
}

/**
 * Not through process.stderr, which makes a pipe non-blocking, also for the program that inherits it (libuv,
 * uv_pipe_open), and may still be writing when the process is replaced.
 */
export function say(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // Nobody is there to read it: EPIPE, EAGAIN.
  }
}

/** Whether colours may be used there: https://no-color.org, https://force-color.org, TERM=dumb. */
export function hasColours(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0';
  return stream.isTTY === true && TERM !== 'dumb';
}

export type Paint = (style: Style, text: string) => string;

export function painter(stream: NodeJS.WriteStream): Paint {
  return hasColours(stream) ? (style, text) => styleText(style, text) : (_, text) => text;
}
