// Messages on stderr, and colours. Results go to stdout: see print.ts.
import { writeSync } from 'node:fs';
import { styleText } from 'node:util';
import { GatewayLockError } from '../index.js';
import { printable } from '../printable.js';

type Style = Parameters<typeof styleText>[0];

/** Returns the message and the hint of an error as one line, so that programs can read it, too. */
export function errorLine(error: unknown): string {
  const { message } = error as Error;
  const hint = error instanceof GatewayLockError ? `${message.endsWith('.') ? '' : '.'} ${error.hint}` : '';
  return `gateway-lock: ${printable(`${message}${hint}`)}`;
}

/**
 * Writes a line to stderr synchronously. process.stderr would make a pipe non-blocking, also for
 * the program that inherits it (libuv, uv_pipe_open), and could still be writing when this process
 * is replaced.
 */
export function say(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // No reader: EPIPE, EAGAIN.
  }
}

/**
 * Returns true if `stream` may get colours: https://no-color.org, https://force-color.org,
 * TERM=dumb.
 */
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
