// Installs and builds everything that is missing or older than its sources. Every other script
// calls prepare(), so that each command works in a fresh clone. Progress goes to stderr, so that
// stdout contains only the command's output.
import { existsSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join, sep } from 'node:path';
import { bin, root, run } from './commands.mjs';
import { installToolchain, missingTools, useInstalledToolchain } from './toolchain.mjs';

export { bin, root, run, show } from './commands.mjs';

const ADDON = 'build/Release/gateway_lock.node';

export function prepare() {
  useInstalledToolchain();
  preparePackages();
  // With GATEWAY_LOCK_PREBUILD, the tests use the addon in that folder.
  const given = Boolean(process.env.GATEWAY_LOCK_PREBUILD);
  if (!given && isStale(ADDON, ['native/os', 'native/binding', 'native/host', 'CMakeLists.txt']) && !mustUsePrebuilt())
    buildNative();
  if (isStale('dist/gateway-lock.1', ['src', 'tsconfig.json', 'package.json'])) compileSources();
  if (isStale('examples/gateway/dist/main.js', ['dist/index.js', 'examples/gateway', 'examples/tsconfig.json'])) {
    run(bin('tsc'), ['-p', 'examples'], 'compiling examples');
  }
}

export function preparePackages() {
  if (isStale('node_modules/.package-lock.json', ['package-lock.json'])) run('npm', ['ci'], 'installing packages');
}

/**
 * Returns true if there is a prebuilt addon and no compiler. With a compiler, the addon is always
 * built from this tree.
 */
function mustUsePrebuilt() {
  const folder = join(root, `prebuilds/${process.platform}-${process.arch}`);
  // If npm run build:prebuilds fails, the folder is empty.
  const found = existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.node'));
  return found && missingTools().length > 0;
}

export function buildNative() {
  if (missingTools().length > 0) installToolchain();
  run(bin('cmake-js'), ['compile'], 'building the addon');
  // Updates the modification time, because CMake builds nothing if only files for another operating
  // system have changed, and the next run would consider the addon stale again.
  utimesSync(join(root, ADDON), new Date(), new Date());
}

/**
 * Builds dist/: tsc writes the type declarations, then scripts/bundle.mjs writes the JavaScript and
 * the man page.
 */
export function compileSources() {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  run(bin('tsc'), ['-p', '.'], 'compiling src');
  run('node', ['scripts/bundle.mjs'], 'bundling dist');
}

function isStale(product, sources) {
  const built = join(root, product);
  return !existsSync(built) || sources.some((source) => newest(join(root, source)) > statSync(built).mtimeMs);
}

function newest(path) {
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  const entries = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sources = entries.filter((entry) => !entry.parentPath.includes(`${sep}dist`));
  return Math.max(0, ...sources.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs));
}
