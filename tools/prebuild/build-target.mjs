// Builds the binary for one target. prebuildify calls cmake-js, and cmake-js calls zig.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bin, root, run } from '../../scripts/prepare.mjs';
import { nameOf } from './targets.mjs';
import { ZIG_LIB } from './zig.mjs';

/**
 * Builds the sources in `sources` and writes the binary to `out`/prebuilds. Each target has its own
 * build folder, so the local build in build/ is not touched.
 */
export function buildTarget(target, zig, { sources = root, out = root, symbols = false } = {}) {
  const name = nameOf(target);
  const folder = join(out, 'build-prebuild', name);
  // Starts with an empty folder, because CMake does not allow a configured build folder to change
  // its compiler.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  run(
    bin('prebuildify'),
    ['--napi', '--cwd', folder, '--out', out, '--name', 'gateway-lock', ...tags(target)],
    `building ${name}`,
    {
      cwd: folder,
      env: {
        ...process.env,
        PREBUILD_NODE_GYP: join(root, 'tools/prebuild/node-gyp-shim.mjs'),
        PREBUILD_SOURCES: sources,
        PREBUILD_CMAKE_JS: join(root, 'node_modules/cmake-js/bin/cmake-js'),
        PREBUILD_CMAKE: JSON.stringify(cmakeDefinitions(target, zig, symbols)),
      },
      maxBuffer: 1e9,
    },
  );
}

function tags({ platform, arch, libc, armv }) {
  const named = ['--platform', platform, '--arch', arch];
  if (libc) named.push('--tag-libc', '--libc', libc);
  if (armv) named.push('--tag-armv', '--armv', armv);
  return named;
}

function cmakeDefinitions({ triple, system, processor }, zig, symbols) {
  return {
    GATEWAY_LOCK_PREBUILD: 'ON',
    GATEWAY_LOCK_ZIG_LIB: ZIG_LIB,
    CMAKE_SYSTEM_NAME: system,
    CMAKE_SYSTEM_PROCESSOR: processor,
    CMAKE_CXX_COMPILER: `${zig};c++;-target;${triple};-Os${symbols ? ';-g' : ';-s'}`,
    // Skips CMake's compiler test, which links programs: zig would first build libc++ and a static
    // musl for them, which takes minutes for each target.
    CMAKE_CXX_COMPILER_ID_RUN: 'ON',
    CMAKE_CXX_COMPILER_ID: 'Clang',
    CMAKE_CXX_COMPILER_VERSION: '21.1.0',
    CMAKE_CXX_COMPILER_FORCED: 'ON',
    CMAKE_CXX_STANDARD_COMPUTED_DEFAULT: '17',
    // No Xcode SDK is needed. CMake requires install_name_tool for `cmake --install`, which is not
    // used here.
    ...(system === 'Darwin' && { CMAKE_OSX_SYSROOT: '', CMAKE_INSTALL_NAME_TOOL: 'true' }),
    // CMake requires a resource compiler even though the addon has no resources.
    ...(system === 'Windows' && { CMAKE_RC_COMPILER: 'true' }),
  };
}
