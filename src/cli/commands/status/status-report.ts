// Formats the output of `status` as text and as JSON.
import type { ListedLock } from '../../../index.js';
import { printable } from '../../../printable.js';
import { causeOf } from '../../json-output.js';
import { lockTable, type Page } from './lock-table.js';
import { upgradeNotes } from './upgrade-notes.js';

/**
 * Returns the value for `--json`: the result of listLocks(), with each cause reduced to its code
 * and message.
 */
export function statusJson(locks: readonly ListedLock[], cluster: object | null = null): object {
  return {
    ...(cluster === null ? {} : { cluster }),
    locks: locks.map((lock) => ({ ...lock, cause: causeOf(lock.cause) })),
  };
}

export function statusLines(locks: readonly ListedLock[], searched: readonly string[], page: Page): string[] {
  if (locks.length === 0) return [`No locks in ${searched.map(printable).join(', ')}`];
  return [...lockTable(locks, page), ...notesOn(locks)];
}

/** Explains the states in the table that could be misunderstood. */
function notesOn(locks: readonly ListedLock[]): string[] {
  const notes: (readonly [boolean, string])[] = [
    [locks.some(({ state }) => state === 'leftover'), 'leftover: the holder is gone, and the file blocks nothing.'],
    [locks.some(({ state }) => state === 'free'), 'free: no process holds the lock, and the file names no owner.'],
    [
      locks.some(({ heldBy }) => heldBy === 'record'),
      'by record: a gateway that holds no kernel lock, such as OpenClaw.',
    ],
  ];
  const causes = locks
    .filter(({ state }) => state === 'unreadable')
    .map(({ path, cause }) => `unreadable: ${printable(path)}: ${printable(causeOf(cause)?.message ?? 'unknown')}`);
  const lines = [...notes.filter(([applies]) => applies).map(([, text]) => text), ...upgradeNotes(locks), ...causes];
  return lines.length === 0 ? [] : ['', ...lines];
}
