// What status says, for people and for programs.
import type { ListedLock } from '../../../index.js';
import { printable } from '../../../printable.js';
import { causeOf } from '../../json-output.js';
import { lockTable, type Page } from './lock-table.js';

/** As `--json` prints it: the fields of listLocks(), with the cause as code and message. */
export function statusJson(locks: readonly ListedLock[], cluster: object | null = null): object {
  return {
    ...(cluster === null ? {} : { cluster }),
    locks: locks.map((lock) => ({ ...lock, cause: causeOf(lock.cause) })),
  };
}

export function statusLines(locks: readonly ListedLock[], lookedIn: readonly string[], page: Page): string[] {
  if (locks.length === 0) return [`No locks in ${lookedIn.map(printable).join(', ')}`];
  return [...lockTable(locks, page), ...notesOn(locks)];
}

/** Only what a person who has not read the manual could take for something else. */
function notesOn(locks: readonly ListedLock[]): string[] {
  const notes: (readonly [boolean, string])[] = [
    [locks.some(({ state }) => state === 'leftover'), 'leftover: its holder is gone; it blocks nothing.'],
    [locks.some(({ state }) => state === 'free'), 'free: not held, and the file names no owner; it blocks nothing.'],
    [
      locks.some(({ heldBy }) => heldBy === 'record'),
      'by record: a gateway that holds no kernel lock, such as OpenClaw.',
    ],
  ];
  const causes = locks
    .filter(({ state }) => state === 'unreadable')
    .map(({ path, cause }) => `unreadable: ${printable(path)}: ${printable(causeOf(cause)?.message ?? 'unknown')}`);
  const told = [...notes.filter(([applies]) => applies).map(([, text]) => text), ...causes];
  return told.length === 0 ? [] : ['', ...told];
}
