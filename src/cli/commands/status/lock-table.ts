// Formats the locks as a table, or as one block per lock if the terminal is too narrow for the
// table.
import { basename, dirname } from 'node:path';
import type { ListedLock } from '../../../index.js';
import { printable } from '../../../printable.js';
import type { Paint } from '../../output.js';
import { type Cell, commandCell, healthCell, holderCell, portCell, sinceCell, stateCell } from './lock-cells.js';

export interface Page {
  /** Width of the terminal in characters; Infinity for a pipe. */
  readonly columns: number;
  readonly nowMs: number;
  readonly paint: Paint;
}

const TITLES = ['LOCK', 'STATE', 'PID', 'SINCE', 'PORT', 'HEALTH', 'COMMAND'] as const;
const GAP = '  ';
/**
 * Smallest useful width of the command column, in characters. The command is cut to fit the
 * terminal.
 */
const MIN_COMMAND_WIDTH = 20;

export function lockTable(locks: readonly ListedLock[], page: Page): string[] {
  const rows = locks.map((lock) => cellsOf(lock, page.nowMs));
  const widths = TITLES.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.text.length)));
  const commandStart = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP.length, 0);
  const commandWidth = page.columns - commandStart;
  if (commandWidth < Math.min(widths.at(-1)!, MIN_COMMAND_WIDTH)) return locks.flatMap((lock) => lockBlock(lock, page));
  const line = (cells: readonly Cell[]) => tableLine(cells, [...widths.slice(0, -1), commandWidth], page.paint);
  const title = line(TITLES.map((text) => ({ text, style: 'bold' })));
  return [title, ...rows.flatMap((row, index) => [...headingBefore(locks, index, page), line(row)])];
}

export function lockBlock(lock: ListedLock, { nowMs, paint }: Page): string[] {
  const parts: readonly (readonly [string, Cell])[] = [
    ['state', stateCell(lock)],
    ['pid', holderCell(lock)],
    ['since', sinceCell(lock, nowMs)],
    ['port', portCell(lock)],
    ['health', healthCell(lock)],
    ['command', commandCell(lock)],
  ];
  const known = parts.filter(([, { text }]) => text !== '');
  return [
    paint('bold', printable(lock.path)),
    ...known.map(([name, cell]) => `  ${name.padEnd(8)} ${painted(cell, cell.text, paint)}`),
  ];
}

function cellsOf(lock: ListedLock, nowMs: number): readonly Cell[] {
  return [
    { text: printable(basename(lock.path)) },
    stateCell(lock),
    holderCell(lock),
    sinceCell(lock, nowMs),
    portCell(lock),
    healthCell(lock),
    commandCell(lock),
  ];
}

/**
 * Returns the directory as a heading before its first lock, because the file names do not show
 * which gateway the locks belong to.
 */
function headingBefore(locks: readonly ListedLock[], index: number, { paint }: Page): string[] {
  const directory = dirname(locks[index]!.path);
  const same = index > 0 && dirname(locks[index - 1]!.path) === directory;
  return same ? [] : [paint('dim', `${printable(directory)}:`)];
}

function tableLine(cells: readonly Cell[], widths: readonly number[], paint: Paint): string {
  const texts = cells.map((cell, column) => {
    const width = widths[column]!;
    const text = cell.text.length > width ? `${cell.text.slice(0, width - 3)}...` : cell.text;
    // The padding has no colour, and the last column is not padded.
    return painted(cell, text, paint) + ' '.repeat(column === cells.length - 1 ? 0 : width - text.length);
  });
  return texts.join(GAP).trimEnd();
}

function painted({ style }: Cell, text: string, paint: Paint): string {
  return style === undefined || text === '' ? text : paint(style, text);
}
