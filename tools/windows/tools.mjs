// Finds Wine and the MinGW compiler. If one is missing, installs its Debian package if this user
// may do so.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { run } from '../../scripts/prepare.mjs';

export const COMPILER = 'x86_64-w64-mingw32-g++-posix';

const PACKAGES = [
  { name: 'wine64', missing: () => findWine() === null },
  { name: 'wine', missing: () => findWine() === null },
  { name: 'g++-mingw-w64-x86-64-posix', missing: () => fails(COMPILER, ['--version']) },
];

/**
 * Returns the command that starts Wine, or null if it is missing. Prefers wine64 (which Debian
 * installs outside PATH), because Debian's `wine` prints a warning if wine32 is missing.
 */
export function findWine() {
  const candidates = ['/usr/lib/wine/wine64', 'wine64', 'wine'];
  return candidates.find((one) => (one.startsWith('/') ? existsSync(one) : !fails(one, ['--version']))) ?? null;
}

/** Returns the Debian packages that are missing. */
export function missingTools() {
  return PACKAGES.filter(({ missing }) => missing()).map(({ name }) => name);
}

export function installTools() {
  const missing = missingTools();
  if (missing.length === 0) return;
  const command = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing];
  const prefix = asRoot();
  if (prefix === null) {
    console.error(`gateway-lock: the Windows tests need ${missing.join(' and ')}. Install: sudo ${command.join(' ')}`);
    process.exit(1);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const [update, install] = [['apt-get', 'update', '-qq'], command].map((one) => [...prefix, ...one]);
  run(update[0], update.slice(1), 'apt-get update', { env });
  run(install[0], install.slice(1), `installing ${missing.join(', ')} (170 MB, once)`, { env, timeout: 900_000 });
}

/**
 * Returns the words to put before a command to run it as root, or null if sudo would ask for a
 * password.
 */
function asRoot() {
  if (process.getuid() === 0) return [];
  return fails('sudo', ['-n', 'true']) ? null : ['sudo', '-n'];
}

function fails(program, args) {
  const { status, error } = spawnSync(program, args, { stdio: 'ignore' });
  return error !== undefined || status !== 0;
}
