// Installs and builds everything that is missing or older than its sources. Every other script
// calls prepare(), so that each command works in a fresh clone. Progress goes to stderr, so that
// stdout contains only the command's output.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const ADDON = 'build/Release/gateway_lock.node';

export function prepare() {
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
  return found && ['cmake', 'c++'].some((tool) => spawnSync(tool, ['--version']).error);
}

export function buildNative() {
  const absent = toolsToBuild().filter(([tool]) => spawnSync(tool, ['--version']).error);
  if (absent.length > 0) {
    const [tools, packages] = [0, 1].map((column) => absent.map((row) => row[column]));
    fail(
      `gateway-lock: building the addon needs ${tools.join(' and ')}. Install: apt-get install ${packages.join(' ')}   (macOS: xcode-select --install; brew install cmake)`,
    );
  }
  run(bin('cmake-js'), ['compile'], 'building the addon');
  // Updates the modification time, because CMake builds nothing if only files for another operating
  // system have changed, and the next run would consider the addon stale again.
  utimesSync(join(root, ADDON), new Date(), new Date());
}

/**
 * Returns the commands that the build needs, each with its Debian package. Omits the compiler on
 * Windows, where cmake-js itself finds Visual Studio and reports missing tools.
 */
function toolsToBuild() {
  const cmake = ['cmake', 'cmake'];
  return process.platform === 'win32' ? [cmake] : [cmake, ['c++', 'g++']];
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

/**
 * Returns the path of the script behind a package's command, for run() or show(). On Windows
 * node_modules/.bin contains .cmd files, which only a shell can start.
 */
export function bin(name) {
  const { packages } = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8'));
  // Ignores packages in nested node_modules folders.
  const topLevel = Object.entries(packages).filter(([folder]) => folder.lastIndexOf('node_modules/') === 0);
  const [folder, { bin: programs }] = topLevel.find(([, found]) => found.bin?.[name]);
  return join(root, folder, programs[name]);
}

/** Runs a command without showing its output. If it fails, prints the whole output and exits. */
export function run(command, args, title, options = {}) {
  process.stderr.write(`gateway-lock: ${title}\n`);
  const [program, ...all] = startable(command, args);
  const { status, stdout, stderr, error } = spawnSync(program, all, { cwd: root, encoding: 'utf8', ...options });
  if (status === 0) return;
  fail(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\ngateway-lock: ${title} failed`);
}

/** Runs a command and shows its output. Returns its exit status. */
export function show(command, args, env = {}) {
  const [program, ...all] = startable(command, args);
  const { status, signal } = spawnSync(program, all, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  return signal === null ? status : 1;
}

/**
 * Returns the command line to start. Scripts, package commands and npm run in the Node that runs
 * this script, not the one in PATH.
 */
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
