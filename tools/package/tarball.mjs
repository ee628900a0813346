// Packs and checks the tarball of a release.
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bin, root, show } from '../../scripts/prepare.mjs';
import { fileOf, TARGETS } from '../prebuild/targets.mjs';

const LIMIT = { packed: 1.4 * 1024 ** 2, unpacked: 4 * 1024 ** 2 };
/** The files that users need to import, run, type-check or build the package. */
const NEEDED = [
  'dist/index.js',
  'dist/index.cjs',
  'dist/index.d.ts',
  'dist/index.d.cts',
  'dist/lock/index.d.ts',
  'dist/cluster/index.d.ts',
  'dist/cli/main.js',
  'dist/gateway-lock.1',
  'native/headers/napi.h',
  'SECURITY.md',
  'prebuilds/SHA256SUMS',
];

// node tools/package/tarball.mjs FILE: checks a tarball before it is published.
if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exit(checkTarball(process.argv[2], { complete: true }) ? 0 : 1);

/** Packs the project into a tarball in `folder`. Returns the path of the tarball. */
export function packTarball(folder) {
  const args = ['pack', '--json', '--pack-destination', folder];
  const packed = execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  // Up to version 11, npm prints an array; npm 12 prints an object keyed by package name.
  const [{ filename }] = Object.values(JSON.parse(packed));
  return join(folder, filename);
}

/**
 * Prints the faults of a tarball and returns true if there are none. With `complete`, it must
 * contain all binaries, as a release does.
 */
export function checkTarball(tarball, { complete }) {
  const content = execFileSync('tar', ['-tvzf', tarball], { encoding: 'utf8' }).trim().split('\n').map(entry);
  const packed = statSync(tarball).size;
  const unpacked = content.reduce((sum, { size }) => sum + size, 0);
  console.log(`${content.length} files, ${kib(packed)} KiB packed, ${kib(unpacked)} KiB unpacked`);
  // The command has no types, and its sources are not published.
  const surplus = content.filter(({ name }) => /\/dist\/(cli\/.*\.d\.|.*\.map$)/.test(name));
  if (surplus.length > 0)
    console.error(`the tarball contains unneeded files: ${surplus.map(({ name }) => name).join(', ')}`);
  const required = complete ? [...NEEDED, ...TARGETS.map(fileOf)] : NEEDED;
  const missing = required.filter((file) => !content.some(({ name }) => name === `package/${file}`));
  if (missing.length > 0) console.error(`the tarball lacks ${missing.join(', ')}`);
  const small = packed <= LIMIT.packed && unpacked <= LIMIT.unpacked;
  if (!small)
    console.error(`the tarball is larger than ${kib(LIMIT.packed)} KiB, or ${kib(LIMIT.unpacked)} KiB unpacked`);
  const linted = ['publint --strict', 'attw'].map((line) => {
    const [program, ...args] = line.split(' ');
    return show(bin(program), [...args, tarball]) === 0;
  });
  return missing.length === 0 && surplus.length === 0 && small && linted.every(Boolean);
}

/** Parses a line of tar's output: -rw-r--r-- 0/0 1234 1985-10-26 08:15 package/name */
function entry(line) {
  const [, , size, , , ...name] = line.split(/\s+/);
  return { size: Number(size), name: name.join(' ') };
}

function kib(bytes) {
  return Math.ceil(bytes / 1024);
}
