// Builds libstdc++.so.6 for musl into ~/.cache/gateway-lock/musl, once. Node and Bun for musl need
// this library, which Debian does not package. It is built from Debian's gcc sources with the
// installed gcc. None of it is published: the published addon contains its own C++ library.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/prepare.mjs';
import { cachedInstall } from '../cached-install.mjs';
import { withOneChange } from './changed-text.mjs';
import { programOf } from './runtimes.mjs';

const CACHE = join(homedir(), '.cache/gateway-lock/musl');
const LIBRARIES = join(CACHE, 'lib');
const WORK = join(CACHE, 'work');
const LOG = join(CACHE, 'build.log');
// These specs make any gcc compile and link for musl. The package's own musl-gcc command compiles
// only C.
const SPECS = '/usr/lib/x86_64-linux-musl/musl-gcc.specs';
const FOR_MUSL = `gcc -specs=${SPECS}`;
/** The parts of gcc's source tree (100,000 files) that libstdc++ needs. */
const PARTS = [
  ...['libstdc++-v3', 'libgcc', 'libiberty', 'include', 'config', 'gcc/DATESTAMP', 'gcc/BASE-VER'],
  ...[
    'config.guess',
    'config.sub',
    'config-ml.in',
    'install-sh',
    'libtool-ldflags',
    'ltmain.sh',
    'missing',
    'mkinstalldirs',
  ],
];
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:';

/**
 * Returns null if the libraries are built or can be built, otherwise a text with the packages to
 * install.
 */
export function whyNoMusl() {
  if (existsSync(LIBRARIES)) return null;
  if (!existsSync(SPECS)) return 'apt-get install musl-tools';
  const absent = ['g++', 'make', 'xz'].filter((tool) => spawnSync(tool, ['--version']).error);
  return absent.length > 0 ? `needs ${absent.join(', ')}` : null;
}

/** Returns the folder of the libraries, for LD_LIBRARY_PATH. Builds the libraries on first use. */
export function muslLibraries() {
  if (existsSync(LIBRARIES)) return LIBRARIES;
  process.stderr.write('gateway-lock: building libstdc++ for musl (2 minutes, once)\n');
  build();
  return LIBRARIES;
}

/**
 * Returns the path of a Node for musl. npm has one only inside pnpm's single executable, so this
 * copies that executable and changes one byte, the fuse that makes Node start the embedded pnpm.
 */
export function plainNode(runtime) {
  const program = join(CACHE, runtime.title);
  if (existsSync(program)) return program;
  mkdirSync(CACHE, { recursive: true });
  const part = `${program}.${process.pid}`;
  writeFileSync(part, withOneChange(readFileSync(programOf(runtime)), `${FUSE}1`, `${FUSE}0`), { mode: 0o755 });
  renameSync(part, program);
  return program;
}

/**
 * Returns the environment variables that make vitest's bundler and node-gyp-build load binaries for
 * musl. By default they choose glibc, because they find glibc's /usr/bin/ldd on Debian.
 */
export function vitestOnMusl() {
  const modules = cachedInstall(root, 'musl/modules', { options: ['--libc=musl'] });
  return { LIBC: 'musl', NAPI_RS_NATIVE_LIBRARY_PATH: join(modules, '@rolldown/binding-linux-x64-musl') };
}

function build() {
  rmSync(WORK, { recursive: true, force: true });
  mkdirSync(WORK, { recursive: true });
  writeFileSync(LOG, '');
  const sources = unpackSources();
  const names = join(WORK, 'names.o');
  const options = ['-O2', '-fPIC', '-fno-exceptions', '-fno-rtti', '-Wall', '-Werror'];
  log('g++', [`-specs=${SPECS}`, ...options, '-c', '-o', names, join(root, 'tools/matrix/musl_names.cc')]);
  // Debian's libgcc_s works with musl: each symbol it imports is in musl or names.o, and musl
  // resolves the library name libc.so.6 to itself.
  const libgcc = execFileSync('gcc', ['-print-file-name=libgcc_s.so.1'], { encoding: 'utf8' }).trim();
  const library = compile(sources, `-Wl,${names} -Wl,${libgcc}`);
  const part = join(WORK, 'lib');
  mkdirSync(part);
  log('strip', ['-o', join(part, 'libstdc++.so.6'), library]);
  copyFileSync(libgcc, join(part, 'libgcc_s.so.1'));
  renameSync(part, LIBRARIES);
  rmSync(WORK, { recursive: true });
}

/** Downloads the sources of the installed gcc from Debian. Returns their folder. */
function unpackSources() {
  const version = execFileSync('gcc', ['-dumpversion'], { encoding: 'utf8' }).trim();
  log('apt-get', ['download', `gcc-${version}-source`]);
  log('dpkg', ['-x', readdirSync(WORK).find((name) => name.endsWith('.deb')), '.']);
  const folder = join(WORK, `usr/src/gcc-${version}`);
  const tarball = readdirSync(folder).find((name) => /^gcc-.*\.tar\.xz$/.test(name));
  const top = /^gcc-[\d.]+\d/.exec(tarball)[0];
  log('tar', ['-xf', join(folder, tarball), '--exclude=*/testsuite/*/*', ...PARTS.map((part) => `${top}/${part}`)]);
  return join(WORK, top);
}

/**
 * Builds libstdc++ without the rest of gcc. First copies gthr-default.h, which a full gcc build
 * would create. Returns the library's path.
 */
function compile(sources, linking) {
  const folder = join(WORK, 'build/libstdc++-v3');
  for (const one of [folder, join(WORK, 'build/libgcc')]) mkdirSync(one, { recursive: true });
  copyFileSync(join(sources, 'libgcc/gthr-posix.h'), join(WORK, 'build/libgcc/gthr-default.h'));
  const off = ['multilib', 'nls', 'libstdcxx-pch', 'symvers', 'static'].map((part) => `--disable-${part}`);
  const flags = ['CFLAGS=-O1', 'CXXFLAGS=-O1'];
  const target = ['--build=x86_64-linux-gnu', '--host=x86_64-linux-musl'];
  log(
    join(sources, 'libstdc++-v3/configure'),
    [...target, ...off, `CC=${FOR_MUSL}`, `CXX=${FOR_MUSL}`, ...flags],
    folder,
  );
  for (const part of ['include', 'libsupc++']) log('make', ['-j2', '-C', part], folder);
  log('make', ['-j2', '-C', 'src', `LDFLAGS=${linking}`], folder);
  return join(folder, 'src/.libs/libstdc++.so.6');
}

/** Runs a command and appends its output to the log. */
function log(command, args, cwd = WORK) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1e8 });
  writeFileSync(LOG, `${command} ${args.join(' ')}\n${stdout}${stderr}`, { flag: 'a' });
  if (status !== 0) throw new Error(`${command} ${args[0]}: ${error?.message ?? `exit code ${status}`}. See ${LOG}`);
}
