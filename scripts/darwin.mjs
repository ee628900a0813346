// node scripts/darwin.mjs [--install]: compiles and links the addon and its tests for macOS with
// zig, to find compile errors. Does not run them. --install first downloads the pinned zig (400
// MB).
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findZig, pinnedZig } from '../tools/prebuild/zig.mjs';
import { root, run } from './prepare.mjs';

const TARGETS = { arm64: 'aarch64-macos.11.0', x86_64: 'x86_64-macos.11.0' };

if (process.argv.includes('--install')) pinnedZig();
const zig = findZig();
if (zig === null) {
  console.log(
    'darwin: not compiled, because zig is missing. To install zig into ~/.cache/gateway-lock/zig (400 MB): node scripts/darwin.mjs --install',
  );
} else {
  for (const processor of Object.keys(TARGETS)) compile(zig, processor);
}

function compile(zig, processor) {
  const target = TARGETS[processor];
  const build = join(root, 'build-darwin', processor);
  // Starts with an empty folder, because CMake does not allow a configured build folder to change
  // its compiler.
  rmSync(build, { recursive: true, force: true });
  const options = {
    CMAKE_SYSTEM_NAME: 'Darwin',
    CMAKE_SYSTEM_PROCESSOR: processor,
    CMAKE_CXX_COMPILER: `${zig};c++;-target;${target}`,
    // No Xcode SDK is needed, because zig contains libSystem's headers and symbol list.
    CMAKE_OSX_SYSROOT: '',
    // CMake requires install_name_tool for `cmake --install`, which is not used here.
    CMAKE_INSTALL_NAME_TOOL: 'true',
    GATEWAY_LOCK_TESTS: 'ON',
  };
  const definitions = Object.entries(options).map(([name, value]) => `-D${name}=${value}`);
  run('cmake', ['-S', '.', '-B', build, ...definitions], `configuring for ${target} (the first time takes a minute)`);
  run('cmake', ['--build', build, '--parallel'], `compiling for ${target}`);
  const { length } = JSON.parse(readFileSync(join(build, 'compile_commands.json'), 'utf8'));
  console.log(`darwin: ${length} files compiled and linked for ${target}; not run`);
}
