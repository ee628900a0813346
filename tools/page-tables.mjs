// Writes the tables of documentation pages that a command prints. Each table is between a comment
// with the command and the comment <!-- end -->.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/prepare.mjs';

/** Replaces the table of `command` in `page` with `table`, the result of a complete run. */
export function record(page, command, table) {
  const file = join(root, page);
  const [before, rest] = readFileSync(file, 'utf8').split(`<!-- ${command} -->\n`);
  if (rest === undefined) throw new Error(`${file} has no comment <!-- ${command} -->`);
  const after = rest.slice(rest.indexOf('<!-- end -->'));
  writeFileSync(file, `${before}<!-- ${command} -->\n\n${table}\n\n${after}`);
}
