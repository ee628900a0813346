// Writes the tables of documentation pages that a command prints. Each table is between a comment
// with the command and the comment <!-- end -->.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/prepare.mjs';

/** Replaces the table of `command` in `page` with `table`. */
export function record(page, command, table) {
  const { before, after } = split(page, command);
  writeFileSync(join(root, page), `${before}<!-- ${command} -->\n\n${table}\n\n${after}`);
}

/** Returns the lines of the table of `command` in `page`, without its two lines of heading. */
export function recordedRows(page, command) {
  return split(page, command).table.trim().split('\n').slice(2);
}

/** Splits a page into the text before the comment with the command, the table, and the rest. */
function split(page, command) {
  const file = join(root, page);
  const [before, rest] = readFileSync(file, 'utf8').split(`<!-- ${command} -->\n`);
  if (rest === undefined) throw new Error(`${file} has no comment <!-- ${command} -->`);
  const end = rest.indexOf('<!-- end -->');
  return { before, table: rest.slice(0, end), after: rest.slice(end) };
}
