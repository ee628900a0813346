// Installs and builds what is missing or older than its sources. Used by every other script, so that
// each command works straight after a clone. Says what it does on stderr: stdout is the command's own.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

export function prepare() {
  if (isStale('node_modules/.package-lock.json', ['package-lock.json'])) run('npm', ['ci'], 'installing packages');
  if (isStale('build/Release/gateway_lock.node', ['native/os', 'native/binding', 'CMakeLists.txt'])) buildNative();
  if (isStale('dist/gateway-lock.1', ['src', 'tsconfig.json', 'package.json'])) compileSources();
  if (isStale('examples/gateway/dist/main.js', ['dist/index.js', 'examples/gateway', 'examples/tsconfig.json'])) {
    run(bin('tsc'), ['-p', 'examples'], 'compiling examples');
  }
}

export function buildNative() {
  for (const [tool, packages] of [
    ['cmake', 'cmake'],
    ['c++', 'g++'],
  ]) {
    if (spawnSync(tool, ['--version']).error) {
      fail(
        `gateway-lock compiles its addon and needs ${tool}. Install it: apt-get install ${packages}   (macOS: xcode-select --install; brew install cmake)`,
      );
    }
  }
  run(bin('cmake-js'), ['compile'], 'building the addon');
}

/** dist/: types, then what scripts/bundle.mjs makes. */
export function compileSources() {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  run(bin('tsc'), ['-p', '.'], 'compiling src');
  run('node', ['scripts/bundle.mjs'], 'bundling dist');
}

/** Runs a program of node_modules/.bin. */
export function bin(name) {
  return join(root, 'node_modules/.bin', name);
}

/** Runs quietly; shows the whole output when it fails. */
export function run(command, args, title, options = {}) {
  process.stderr.write(`gateway-lock: ${title}\n`);
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8', ...options });
  if (status === 0) return;
  fail(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\ngateway-lock: ${title} failed`);
}

/** Runs with its output shown; returns the exit status. */
export function show(command, args, env = {}) {
  const { status, signal } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  return signal === null ? status : 1;
}

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

function isStale(product, sources) {
  const built = join(root, product);
  return !existsSync(built) || sources.some((source) => newest(join(root, source)) > statSync(built).mtimeMs);
}

function newest(path) {
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  const entries = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sources = entries.filter((entry) => !entry.parentPath.includes('/dist'));
  return Math.max(0, ...sources.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs));
}
