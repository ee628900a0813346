// Writes the tables of docs/platforms.md. Each table is between a comment with the command that
// prints the table and the comment <!-- end -->.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/prepare.mjs';

/** Replaces the table of `command` with `table`, which a complete run has printed. */
export function record(command, table) {
  const file = join(root, 'docs/platforms.md');
  const [before, rest] = readFileSync(file, 'utf8').split(`<!-- ${command} -->\n`);
  if (rest === undefined) throw new Error(`${file} has no comment <!-- ${command} -->`);
  const after = rest.slice(rest.indexOf('<!-- end -->'));
  writeFileSync(file, `${before}<!-- ${command} -->\n\n${table}\n\n${after}`);
}
