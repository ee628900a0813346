// Writes the tables in docs/platforms.md. Each one is between a comment with the command that
// prints it and the comment <!-- end -->.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/prepare.mjs';

/** Replaces the table of `command` with `table`, the result of a complete run. */
export function record(command, table) {
  const file = join(root, 'docs/platforms.md');
  const [before, rest] = readFileSync(file, 'utf8').split(`<!-- ${command} -->\n`);
  if (rest === undefined) throw new Error(`${file} has no comment <!-- ${command} -->`);
  const after = rest.slice(rest.indexOf('<!-- end -->'));
  writeFileSync(file, `${before}<!-- ${command} -->\n\n${table}\n\n${after}`);
}
