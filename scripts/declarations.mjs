// Reduces the type declarations in dist/ to those that the entry points use, and copies each
// NAME.d.ts to NAME.d.cts. For TypeScript, the first describes an ES module and the second a
// CommonJS module.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './prepare.mjs';

const DIST = join(root, 'dist');
const ENTRIES = ['index.d.ts', 'lock/index.d.ts', 'cluster/index.d.ts'];
const IMPORTED = /(\bfrom |\bimport\()'(\.[^']+)\.js'/g;

export function writeDeclarations() {
  const used = new Set();
  for (const entry of ENTRIES) addWithImports(join(DIST, entry), used);
  for (const file of declarations()) {
    if (used.has(file)) writeFileSync(file.replace(/ts$/, 'cts'), asCommonJs(readFileSync(file, 'utf8')));
    else rmSync(file);
  }
}

function declarations() {
  const names = readdirSync(DIST, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.d.ts')).map((name) => join(DIST, name));
}

function addWithImports(file, used) {
  if (used.has(file)) return;
  used.add(file);
  for (const [, , path] of readFileSync(file, 'utf8').matchAll(IMPORTED))
    addWithImports(join(dirname(file), `${path}.d.ts`), used);
}

function asCommonJs(declaration) {
  return declaration.replace(IMPORTED, "$1'$2.cjs'");
}
