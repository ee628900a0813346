// What the command says. Results go to stdout, everything else to stderr.
import { writeSync } from 'node:fs';
import { styleText } from 'node:util';
import { GatewayLockError } from '../index.js';

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

/** Paths and records come from outside: no line feeds, no escape sequences for the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is meant
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ');
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
