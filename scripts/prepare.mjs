// Installs and builds what is missing or older than its sources. Used by every other script, so that
// each command works straight after a clone. Says what it does on stderr: stdout is the command's own.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const ADDON = 'build/Release/gateway_lock.node';

export function prepare() {
  preparePackages();
  // That folder has the addon that is to be tried.
  const given = Boolean(process.env.GATEWAY_LOCK_PREBUILD);
  if (!given && isStale(ADDON, ['native/os', 'native/binding', 'native/host', 'CMakeLists.txt']) && !hasPrebuilt())
    buildNative();
  if (isStale('dist/gateway-lock.1', ['src', 'tsconfig.json', 'package.json'])) compileSources();
  if (isStale('examples/gateway/dist/main.js', ['dist/index.js', 'examples/gateway', 'examples/tsconfig.json'])) {
    run(bin('tsc'), ['-p', 'examples'], 'compiling examples');
  }
}

export function preparePackages() {
  if (isStale('node_modules/.package-lock.json', ['package-lock.json'])) run('npm', ['ci'], 'installing packages');
}

/** Good enough where nothing can be compiled; where it can, the sources of this tree are what shall run. */
function hasPrebuilt() {
  const folder = join(root, `prebuilds/${process.platform}-${process.arch}`);
  // An empty folder is what a prebuild that failed leaves.
  const found = existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.node'));
  return found && ['cmake', 'c++'].some((tool) => spawnSync(tool, ['--version']).error);
}

export function buildNative() {
  const absent = toolsToBuild().filter(([tool]) => spawnSync(tool, ['--version']).error);
  if (absent.length > 0) {
    const [tools, packages] = [0, 1].map((column) => absent.map((row) => row[column]));
    fail(
      `gateway-lock compiles its addon and needs ${tools.join(' and ')}. Install: apt-get install ${packages.join(' ')}   (macOS: xcode-select --install; brew install cmake)`,
    );
  }
  run(bin('cmake-js'), ['compile'], 'building the addon');
  // Where only files of another system are newer, nothing was built and the addon is up to date all the same.
  utimesSync(join(root, ADDON), new Date(), new Date());
}

/** On Windows cmake-js looks for Visual Studio and says what is missing. */
function toolsToBuild() {
  const cmake = ['cmake', 'cmake'];
  return process.platform === 'win32' ? [cmake] : [cmake, ['c++', 'g++']];
}

/** dist/: types, then what scripts/bundle.mjs makes. */
export function compileSources() {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  run(bin('tsc'), ['-p', '.'], 'compiling src');
  run('node', ['scripts/bundle.mjs'], 'bundling dist');
}

/**
 * A program of a package, as a script for run() and show(): what stands in node_modules/.bin is a .cmd file on Windows, which
 * cannot be started without a shell.
 */
export function bin(name) {
  const { packages } = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8'));
  // Not one that a package has for itself.
  const own = Object.entries(packages).filter(([folder]) => folder.lastIndexOf('node_modules/') === 0);
  const [folder, { bin: programs }] = own.find(([, found]) => found.bin?.[name]);
  return join(root, folder, programs[name]);
}

/** Runs quietly; shows the whole output when it fails. */
export function run(command, args, title, options = {}) {
  process.stderr.write(`gateway-lock: ${title}\n`);
  const [program, ...all] = startable(command, args);
  const { status, stdout, stderr, error } = spawnSync(program, all, { cwd: root, encoding: 'utf8', ...options });
  if (status === 0) return;
  fail(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\ngateway-lock: ${title} failed`);
}

/** Runs with its output shown; returns the exit status. */
export function show(command, args, env = {}) {
  const [program, ...all] = startable(command, args);
  const { status, signal } = spawnSync(program, all, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  return signal === null ? status : 1;
}

/** Scripts, those of packages and npm itself run in this very Node. */
function startable(command, args) {
  if (command === 'node') return [process.execPath, ...args];
  if (command.includes(`${sep}node_modules${sep}`)) return [process.execPath, command, ...args];
  const npm = process.env.npm_execpath ?? '';
  return command === 'npm' && basename(npm) === 'npm-cli.js' ? [process.execPath, npm, ...args] : [command, ...args];
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
  const sources = entries.filter((entry) => !entry.parentPath.includes(`${sep}dist`));
  return Math.max(0, ...sources.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs));
}
