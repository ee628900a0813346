// The tables of docs/platforms.md are those that a full run has printed: each stands between its command and <!-- end -->.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/prepare.mjs';

export function record(command, table) {
  const file = join(root, 'docs/platforms.md');
  const [before, rest] = readFileSync(file, 'utf8').split(`<!-- ${command} -->\n`);
  if (rest === undefined) throw new Error(`${file} has no place for the table of ${command}`);
  const after = rest.slice(rest.indexOf('<!-- end -->'));
  writeFileSync(file, `${before}<!-- ${command} -->\n\n${table}\n\n${after}`);
}
