// Writes messages to stderr, and decides whether output has colours. print.ts writes results to
// stdout.
import { writeSync } from 'node:fs';
import { styleText } from 'node:util';
import { GatewayLockError } from '../index.js';
import { printable } from '../printable.js';

type Style = Parameters<typeof styleText>[0];

/** Pairs of advice: for callers of the library, and the equivalent for the command line. */
const ADVICE_FOR_LIBRARY: readonly (readonly [RegExp, string])[] = [
  [/(?<=\b[Ss]et )stateDir\b( \(on the command line --state-dir\))?/, '--state-dir'],
  [/, or [^,.]* with record: false/, ' with --lock'],
  [/, or [^,.]* with weakFileSystem: 'warn'/, ''],
];

/** Replaces advice for callers of the library with advice for the command line. */
export function forCommandLine(text: string): string {
  return ADVICE_FOR_LIBRARY.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}

/** Returns an error's message and hint as one line, so that other programs can parse it. */
export function errorLine(error: unknown): string {
  const { message } = error as Error;
  const hint = error instanceof GatewayLockError ? `${message.endsWith('.') ? '' : '.'} ${error.hint}` : '';
  return `gateway-lock: ${printable(forCommandLine(`${message}${hint}`))}`;
}

/**
 * Writes a line to stderr synchronously. process.stderr would make a pipe non-blocking, even for
 * the program that inherits it (libuv, uv_pipe_open). With --exec, process.stderr could also still
 * be writing when the program replaces this process.
 */
export function say(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // Nobody reads stderr (EPIPE), or the pipe is full (EAGAIN).
  }
}

/**
 * Returns true if the output to `stream` may have colours. Follows https://no-color.org,
 * https://force-color.org and TERM=dumb.
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
