// node bench/who-excludes-whom.mjs: runs other lock programs on this machine and prints the table
// for docs/who-excludes-whom.md. Installs them into a temporary folder. If that fails for a
// program, its row contains the reason.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare } from '../scripts/prepare.mjs';
import { lockers } from './other-lockers/lockers.mjs';

const HEADER = `| program | its lock | while it holds the lock, this package | while this package holds the lock, it | after our release, it | our record meanwhile |
|---|---|---|---|---|---|`;

prepare();
// Imports meet.mjs only after the build, because it imports dist/.
const { rowOf } = await import('./other-lockers/meet.mjs');
const folder = mkdtempSync(join(tmpdir(), 'gateway-lock-lockers-'));
try {
  console.log(HEADER);
  for (const locker of lockers(folder)) console.log(`| ${(await rowOf(locker, folder)).join(' | ')} |`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
