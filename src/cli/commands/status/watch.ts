// Repeats the output of `status`: redraws it on a terminal, or prints it again after each change to
// a pipe.
import { setTimeout as pause } from 'node:timers/promises';
import type { ListedLock } from '../../../index.js';
import { jsonText } from '../../json-output.js';
import { print } from '../../print.js';
import { localTime } from './lock-cells.js';

const HOME = '\x1b[H';
const CLEAR_LINE_END = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';

export interface Watch {
  readonly read: () => Promise<readonly ListedLock[]>;
  readonly show: (locks: readonly ListedLock[]) => string[];
  readonly intervalMs: number;
}

/**
 * Repeats the output until SIGINT, SIGTERM or SIGHUP arrives or the reader closes the pipe, none of
 * which is an error.
 */
export async function watchLocks(watch: Watch): Promise<void> {
  const ended = new AbortController();
  const end = () => ended.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  const draw = process.stdout.isTTY ? redrawing(watch) : onChange(watch);
  try {
    while (!ended.signal.aborted && (await draw(await watch.read()))) await pauseUntil(watch.intervalMs, ended.signal);
  } finally {
    if (process.stdout.isTTY) await print(SHOW_CURSOR);
  }
}

type Draw = (locks: readonly ListedLock[]) => Promise<boolean>;

/**
 * Overwrites the previous output, then clears the rest of the screen. Clearing first would flicker.
 */
function redrawing({ show, intervalMs }: Watch): Draw {
  return (locks) => {
    const title = `read every ${intervalMs / 1000} s, last at ${localTime(new Date())}; Ctrl-C to stop`;
    const lines = fitting([title, '', ...show(locks)], process.stdout.rows ?? Number.POSITIVE_INFINITY);
    const picture = lines.map((line) => `${line}${CLEAR_LINE_END}\n`).join('');
    return print(`${HIDE_CURSOR}${HOME}${picture}${CLEAR_BELOW}`);
  };
}

/**
 * Returns the lines that fit on the screen. One row stays free for the cursor; otherwise the screen
 * would scroll and lose the first line.
 */
export function fitting(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length < rows) return lines;
  const kept = lines.slice(0, Math.max(0, rows - 2));
  return [...kept, `(${lines.length - kept.length} more lines)`];
}

/**
 * Prints only if the locks have changed. Compares the locks, not the output, which contains ages.
 */
function onChange({ show }: Watch): Draw {
  let last = '';
  return async (locks) => {
    const now = jsonText(locks, 0);
    if (now === last) return true;
    last = now;
    return await print(`${show(locks).join('\n')}\n`);
  };
}

async function pauseUntil(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await pause(ms, undefined, { signal });
  } catch {
    // The pause was aborted; the loop checks the signal.
  }
}
