// Runs commands on a system with an old C library: Debian 11 with glibc 2.31, the oldest that
// Debian still offers. For older versions, tools/prebuild/gates.mjs checks only the symbol
// versions.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/prepare.mjs';
import { commandInside, whyNotInside } from './debian-root.mjs';

export const OLD_LIBC = 'glibc 2.31';
const OLD_ROOT = join(homedir(), '.cache/gateway-lock/bullseye');
/** The folder inside the old root with Node and the package. */
const HOME = '/opt/gateway-lock';
/**
 * Returns null if the old root exists or can be created, otherwise a text that says what is
 * missing.
 */
export function whyNoOldRoot() {
  const denied = whyNotInside();
  if (denied || existsSync(OLD_ROOT)) return denied;
  return spawnSync('debootstrap', ['--version']).error ? 'apt-get install debootstrap' : null;
}

/**
 * Copies Node, the installed package and the prebuilt addon into the old root. Returns the commands
 * that run package.mjs and the suite there.
 */
export function inOldRoot(program, args, { folder, prebuilt }) {
  if (!existsSync(OLD_ROOT)) makeOldRoot();
  const home = join(OLD_ROOT, HOME);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  for (const path of ['node_modules', 'package.mjs']) cpSync(join(folder, path), join(home, path), { recursive: true });
  cpSync(prebuilt({ libc: 'glibc' }), join(home, 'prebuilt'), { recursive: true });
  copyFileSync(program, join(home, 'node'));
  // debootstrap does not create /etc/hosts, so localhost would not resolve.
  writeFileSync(join(OLD_ROOT, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n');
  const inside = [join(HOME, 'node'), ...args, join(HOME, 'package.mjs')];
  return {
    command: ['chroot', OLD_ROOT, ...inside],
    environment: { GATEWAY_LOCK_TEST_COMMAND: JSON.stringify(inside) },
    suite: {
      command: commandInside(OLD_ROOT, root, [join(HOME, 'node')]),
      prebuilt: join(HOME, 'prebuilt'),
      // This machine's values are paths that do not exist inside the old root.
      environment: { HOME: '/root', TMPDIR: '/tmp', NODE_EXTRA_CA_CERTS: '' },
    },
  };
}

function makeOldRoot() {
  process.stderr.write('gateway-lock: debootstrap bullseye (once)\n');
  const part = `${OLD_ROOT}.part`;
  rmSync(part, { recursive: true, force: true });
  execFileSync('debootstrap', ['--variant=minbase', 'bullseye', part], { stdio: ['ignore', 'ignore', 'inherit'] });
  renameSync(part, OLD_ROOT);
}
