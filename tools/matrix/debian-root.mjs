// Unpacks Debian systems of other architectures, for which npm has no Node that is new enough. The
// packages are unpacked and not configured, because their scripts would need the other processor.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const CACHE = join(homedir(), '.cache/gateway-lock/debian');
const ARCHIVES = 'var/cache/apt/archives';

/**
 * A shell script that runs a command inside a root. The first argument is the root, the second is a
 * folder of this machine, which becomes the working directory, and the rest is the command. The
 * script mounts the folder at the same path inside the root. Only this shell and its children see
 * the mounts, which disappear when they end.
 */
const ENTER = `root=$1 tree=$2; shift 2
for path in "$tree" /proc /dev; do mkdir -p "$root$path" && mount --rbind "$path" "$root$path" || exit; done
exec chroot "$root" env --chdir="$tree" "$@"`;

/** Returns the command that runs `command` inside a root, with the folder `tree` mounted there. */
export function commandInside(root, tree, command) {
  return ['unshare', '--mount', 'sh', '-c', ENTER, 'sh', root, tree, ...command];
}

/** Returns null if this process may run a command inside a root, otherwise a text that says why not. */
export function whyNotInside() {
  if (process.getuid() !== 0) return 'needs root (chroot)';
  return spawnSync('unshare', ['--mount', 'true']).status === 0 ? null : 'needs permission to mount (unshare --mount)';
}

/** Returns null if the system is unpacked or can be, otherwise a text that says what is missing. */
export function whyNoDebianRoot(system) {
  if (existsSync(folderOf(system))) return null;
  if (process.getuid() !== 0) return 'needs root (debootstrap)';
  return spawnSync('debootstrap', ['--version']).error ? 'apt-get install debootstrap' : null;
}

/**
 * Returns the folder of a system with the smallest set of Debian's packages and the package
 * `name`. Downloads it on first use.
 */
export function debianRoot(system) {
  const folder = folderOf(system);
  if (!existsSync(folder)) unpack(system, folder);
  return folder;
}

function folderOf({ suite, arch, name }) {
  return join(CACHE, `${suite}-${arch}-${name}`);
}

function unpack({ suite, arch, name }, folder) {
  process.stderr.write(`gateway-lock: debootstrap ${suite}, ${arch}, ${name} (once)\n`);
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  const args = ['--foreign', '--variant=minbase', `--arch=${arch}`, `--include=${name}`, suite, part];
  execFileSync('debootstrap', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const archives = join(part, ARCHIVES);
  for (const file of readdirSync(archives).filter((one) => one.endsWith('.deb')))
    execFileSync('dpkg-deb', ['--extract', join(archives, file), part]);
  rmSync(archives, { recursive: true });
  renameSync(part, folder);
}
