// npm run check: types, lint, format, architecture, the native code, and the package as it would be
// published. Runs everything, then says what failed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, prepare, root, show } from './prepare.mjs';

const LIMIT = { packed: 1024 ** 2, unpacked: 2.5 * 1024 ** 2 };

prepare();
const checks = [
  ['types of src', () => show(bin('tsc'), ['-p', '.', '--noEmit'])],
  ['types of examples', () => show(bin('tsc'), ['-p', 'examples', '--noEmit'])],
  ['types of test', () => show(bin('tsc'), ['-p', 'test'])],
  ['lint and format (biome)', () => show(bin('biome'), ['check', '--error-on-warnings'])],
  ['architecture', () => show(bin('vitest'), ['run', '--reporter=dot', 'test/unit/architecture.test.ts'])],
  ['native lint and format (clang)', () => show('node', ['scripts/native-lint.mjs'])],
  ['macOS sources compile (zig)', () => show('node', ['scripts/darwin.mjs', ...(process.env.CI ? ['--install'] : [])])],
  ['package (publint, attw, size)', checkPackage],
];

const failed = checks.filter(([title, check]) => {
  console.log(`\n--- ${title}`);
  return check() !== 0;
});
console.log(failed.length === 0 ? '\ncheck: all well' : `\ncheck failed: ${failed.map(([title]) => title).join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);

/** Looks at the tarball, not at the tree: what is missing in `files` is missing there. */
function checkPackage() {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-lock-pack-'));
  try {
    const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: root,
      encoding: 'utf8',
    });
    const [{ filename, size, unpackedSize }] = JSON.parse(packed);
    const tarball = join(folder, filename);
    console.log(`${kib(size)} KiB packed, ${kib(unpackedSize)} KiB unpacked`);
    if (size > LIMIT.packed || unpackedSize > LIMIT.unpacked) return 1;
    return show(bin('publint'), ['--strict', tarball]) || show(bin('attw'), ['--profile', 'esm-only', tarball]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function kib(bytes) {
  return Math.ceil(bytes / 1024);
}
