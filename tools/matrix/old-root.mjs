// A system with an old C library, Debian 11 with glibc 2.31, and how to run something in it. Older ones are no longer to be had; the
// gate on the symbols speaks for them.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/prepare.mjs';

export const OLD_LIBC = 'glibc 2.31';
const OLD_ROOT = join(homedir(), '.cache/gateway-lock/bullseye');
/** Where it has what is to be run. */
const HOME = '/opt/gateway-lock';
/**
 * $1 the old root, $2 the tree, then the command. The tree has the same path inside. What is mounted is seen by this process and its
 * children alone, and ends with them however they end: nothing is left to unmount.
 */
const ENTER = `old=$1 tree=$2; shift 2
for place in "$tree" /proc /dev; do mkdir -p "$old$place" && mount --rbind "$place" "$old$place" || exit; done
exec chroot "$old" env --chdir="$tree" "$@"`;

/** null, or what it lacks. */
export function whyNoOldRoot() {
  if (process.getuid() !== 0) return 'needs root (chroot)';
  if (spawnSync('unshare', ['--mount', 'true']).status !== 0) return 'needs a root that may mount (unshare --mount)';
  if (existsSync(OLD_ROOT)) return null;
  return spawnSync('debootstrap', ['--version']).error ? 'apt-get install debootstrap' : null;
}

/** Puts Node, the installed package and the prebuilt addon there; returns how to run package.mjs, and the suite. */
export function inOldRoot(program, args, { folder, prebuilt }) {
  if (!existsSync(OLD_ROOT)) makeOldRoot();
  const home = join(OLD_ROOT, HOME);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  for (const path of ['node_modules', 'package.mjs']) cpSync(join(folder, path), join(home, path), { recursive: true });
  cpSync(prebuilt({ libc: 'glibc' }), join(home, 'prebuilt'), { recursive: true });
  copyFileSync(program, join(home, 'node'));
  // debootstrap makes none, and nobody else knows localhost.
  writeFileSync(join(OLD_ROOT, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n');
  const inside = [join(HOME, 'node'), ...args, join(HOME, 'package.mjs')];
  return {
    command: ['chroot', OLD_ROOT, ...inside],
    environment: { GATEWAY_LOCK_TEST_COMMAND: JSON.stringify(inside) },
    suite: {
      command: ['unshare', '--mount', 'sh', '-c', ENTER, 'sh', OLD_ROOT, root, join(HOME, 'node')],
      prebuilt: join(HOME, 'prebuilt'),
      // Those of the machine outside name what is not there.
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
