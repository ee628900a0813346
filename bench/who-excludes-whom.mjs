// node bench/who-excludes-whom.mjs: runs other lock programs on this machine and prints the table
// of docs/who-excludes-whom.md. Installs the programs into a temporary folder. If a program cannot
// be installed, its row contains the reason.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare } from '../scripts/prepare.mjs';
import { lockers } from './other-lockers/lockers.mjs';

const HEADER = `| program | its lock | while it holds the lock, this package | while this package holds the lock, it | after our release, it | our record meanwhile |
|---|---|---|---|---|---|`;

prepare();
// Imports this module after the build, because the module imports dist/.
const { rowOf } = await import('./other-lockers/meet.mjs');
const folder = mkdtempSync(join(tmpdir(), 'gateway-lock-lockers-'));
try {
  console.log(HEADER);
  for (const locker of lockers(folder)) console.log(`| ${(await rowOf(locker, folder)).join(' | ')} |`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
