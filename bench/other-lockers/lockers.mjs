// The other lock programs and their command lines. Each program tries once to lock a path, without
// waiting, and prints "held" or "refused".
import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const INSTALL_MS = 300_000;
const PACKAGES = [
  'fs-ext@2.1.1',
  'fs-native-extensions@1.5.1',
  'lockfile@1.0.4',
  'os-lock@2.0.0',
  'proper-lockfile@4.1.2',
];
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const PYTHON = here('../../test/fixtures/other-locker.py');

/**
 * @typedef {object} Locker
 * @property {string} name
 * @property {string} kind the kind of lock that the program uses
 * @property {(path: string) => string[]} command returns the command line; throws if the program
 * cannot be installed
 *
 * @param {string} folder the folder into which programs are installed
 * @returns {Locker[]}
 */
export function lockers(folder) {
  const npm = once(() => run(folder, 'npm', 'install', '--no-audit', '--no-fund', '--no-package-lock', ...PACKAGES));
  const venv = once(() => installFilelock(folder));
  const rust = once(() => run(folder, 'rustc', '-O', '-o', 'locker', here('locker.rs')));
  const node =
    (name, ...options) =>
    (path) => {
      npm();
      copyFileSync(here('node.mjs'), join(folder, 'node.mjs'));
      return [process.execPath, join(folder, 'node.mjs'), name, path, ...options];
    };
  const python = (kind) => (path) => ['python3', PYTHON, kind, path, 'try'];
  return [
    of('flock(1)', 'flock', (path) => ['flock', '-n', path, 'sh', '-c', 'echo held; exec cat']),
    of('Python `fcntl.flock`', 'flock', python('flock')),
    of('Python filelock', 'flock', (path) => [venv(), PYTHON, 'filelock', path, 'try']),
    of('Rust `File::try_lock`', 'flock', (path) => rust() ?? [join(folder, 'locker'), path]),
    of('fs-ext', 'flock', node('fs-ext')),
    of('Python `fcntl.lockf`', 'fcntl', python('lockf')),
    of('Java `FileChannel.tryLock`', 'fcntl', (path) => ['java', here('Locker.java'), path]),
    of('os-lock', 'fcntl', node('os-lock')),
    of('fs-native-extensions', 'fcntl (OFD)', node('fs-native-extensions')),
    of('proper-lockfile', 'mkdir', node('proper-lockfile')),
    of('lockfile', 'O_EXCL', node('lockfile')),
    of('lockfile, `stale`', 'O_EXCL', node('lockfile', '{"stale":1}')),
  ];
}

const of = (name, kind, command) => ({ name, kind, command });

function installFilelock(folder) {
  run(folder, 'python3', '-m', 'venv', 'venv');
  run(folder, 'venv/bin/pip', 'install', '--quiet', 'filelock');
  return join(folder, 'venv/bin/python');
}

function run(cwd, file, ...args) {
  execFileSync(file, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'], timeout: INSTALL_MS });
  return undefined;
}

function once(make) {
  let made;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
