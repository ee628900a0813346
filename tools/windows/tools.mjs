// Wine and the MinGW compiler, from Debian's packages: installed when they are missing and this user may.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { run } from '../../scripts/prepare.mjs';

export const COMPILER = 'x86_64-w64-mingw32-g++-posix';

const PACKAGES = [
  { name: 'wine64', missing: () => findWine() === null },
  { name: 'wine', missing: () => findWine() === null },
  { name: 'g++-mingw-w64-x86-64-posix', missing: () => fails(COMPILER, ['--version']) },
];

/** Debian puts it beside PATH, and its `wine` complains when wine32 is absent; other systems have it in PATH. */
export function findWine() {
  const candidates = ['/usr/lib/wine/wine64', 'wine64', 'wine'];
  return candidates.find((one) => (one.startsWith('/') ? existsSync(one) : !fails(one, ['--version']))) ?? null;
}

/** Names of Debian packages. */
export function missingTools() {
  return PACKAGES.filter(({ missing }) => missing()).map(({ name }) => name);
}

export function installTools() {
  const wanted = missingTools();
  if (wanted.length === 0) return;
  const command = ['apt-get', 'install', '-y', '--no-install-recommends', ...wanted];
  const prefix = asRoot();
  if (prefix === null) {
    console.error(`gateway-lock: the Windows tests need ${wanted.join(' and ')}. Type: sudo ${command.join(' ')}`);
    process.exit(1);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const [update, install] = [['apt-get', 'update', '-qq'], command].map((one) => [...prefix, ...one]);
  run(update[0], update.slice(1), 'apt-get update', { env });
  run(install[0], install.slice(1), `installing ${wanted.join(', ')} (170 MB, once)`, { env, timeout: 900_000 });
}

/** What goes before a command that only root may run; null where it would ask for a password. */
function asRoot() {
  if (process.getuid() === 0) return [];
  return fails('sudo', ['-n', 'true']) ? null : ['sudo', '-n'];
}

function fails(program, args) {
  const { status, error } = spawnSync(program, args, { stdio: 'ignore' });
  return error !== undefined || status !== 0;
}
