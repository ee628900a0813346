// Finds and loads the addon, once per process. No other file knows the path of the addon.
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, toNamespacedPath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LockError } from '../errors.js';
import type { NativeBinding } from './binding.js';

let loaded: NativeBinding | undefined;

/**
 * Returns the addon. Throws if it cannot be loaded, because there is no fallback.
 *
 * @throws {LockError} `ERR_NATIVE_MISSING`
 */
export function native(): NativeBinding {
  loaded ??= load(process.env['GATEWAY_LOCK_PREBUILD'] || packageRoot(dirname(fileURLToPath(import.meta.url))));
  return loaded;
}

/**
 * Loads the addon from the package, or from the folder in GATEWAY_LOCK_PREBUILD (for example a
 * build with sanitizers).
 */
function load(root: string): NativeBinding {
  const tried: Error[] = [];
  for (const path of candidates()) {
    const file = `${root}/${path}`;
    try {
      if (existsSync(file)) return open(file);
      tried.push(new Error(`${path}: not found`));
    } catch (error) {
      // Adds the path to the message, because the system's loader does not always name the file.
      tried.push(new Error(`${path}: ${(error as Error).message}`, { cause: error }));
    }
  }
  return loadByOtherNames(root, tried);
}

/**
 * Loads a file with process.dlopen(). require() would take ten times as long (3 ms), because it
 * also searches and caches modules.
 */
function open(file: string): NativeBinding {
  const loading = { exports: {} as NativeBinding };
  process.dlopen(loading, toNamespacedPath(file));
  return loading.exports;
}

/**
 * Loads a binary that prebuildify has built for another runtime or machine, for example
 * `node.abi115`, `electron` or `armv6`. node-gyp-build is the last resort, because it takes 4 ms
 * and detects musl only by /etc/alpine-release.
 */
function loadByOtherNames(root: string, tried: Error[]): NativeBinding {
  try {
    // node-gyp-build is typed as `any`.
    const find: (root: string) => NativeBinding = createRequire(import.meta.url)('node-gyp-build');
    return find(root);
  } catch (error) {
    tried.push(new Error(`node-gyp-build: ${(error as Error).message.split('\n')[0]}`, { cause: error }));
    throw missing(root, tried);
  }
}

/**
 * Yields the possible paths of the addon in the package. A local build comes first, because it was
 * made for this machine.
 */
function* candidates(): Generator<string> {
  yield 'build/Release/gateway_lock.node';
  const folder = `prebuilds/${process.platform}-${process.arch}`;
  const arm =
    process.arch === 'arm' ? `.armv${(process.config.variables as { arm_version?: string }).arm_version}` : '';
  for (const libc of libcs()) yield `${folder}/gateway-lock${arm}${libc}.node`;
}

/**
 * Returns the C library that this process uses, even if another one is installed too. If it cannot
 * be determined, returns both musl and glibc, in this order, because glibc fails to load a binary
 * for musl, but musl loads a binary for glibc.
 */
function libcs(): string[] {
  if (process.platform !== 'linux') return [''];
  // Searches the Buffer without decoding it, which would take 0.1 ms.
  const program = startOfOwnProgram();
  if (program.includes('/ld-musl')) return ['.musl'];
  return program.includes('/ld-linux') ? ['.glibc'] : ['.musl', '.glibc'];
}

/**
 * Returns the first bytes of the Node binary, an ELF file, which name its dynamic loader. Returns
 * zeros if the binary cannot be read.
 */
function startOfOwnProgram(): Buffer {
  const bytes = Buffer.alloc(4096);
  try {
    const file = openSync('/proc/self/exe', 'r');
    readSync(file, bytes);
    closeSync(file);
  } catch {
    // If Node's permission model denies access to the binary, libcs() returns both C libraries.
  }
  return bytes;
}

/**
 * Returns the root of the package: the nearest folder with a package.json. This code is
 * src/native/load.ts in the repository, and part of dist/index.js in the package.
 */
function packageRoot(folder: string): string {
  const parent = dirname(folder);
  return parent === folder || existsSync(`${folder}/package.json`) ? folder : packageRoot(parent);
}

function missing(root: string, tried: readonly Error[]): LockError {
  const machine = `${process.platform}-${process.arch}`;
  const all = tried.map((error) => error.message).join('; ');
  return new LockError(
    'ERR_NATIVE_MISSING',
    `gateway-lock has no addon that loads on ${machine} (Node ${process.versions.node}). Tried in ${root}: ${all}. ${blockedByPolicy(tried)}${remedy(root)}`,
    { path: root, cause: tried.find((error) => error.cause)?.cause ?? new Error(all) },
  );
}

/**
 * Returns an explanation if Windows may have refused to load the file. Smart App Control and App
 * Control policies block unsigned libraries: ERROR_ACCESS_DISABLED_BY_POLICY, ERROR_VIRUS_INFECTED
 * or STATUS_SYSTEM_INTEGRITY_POLICY_VIOLATION (pingdotgg/t3code#8201). Node's error contains only
 * the localized text, not the error number.
 */
function blockedByPolicy(tried: readonly Error[], platform: NodeJS.Platform = process.platform): string {
  const failed = tried.find(({ cause }) => (cause as NodeJS.ErrnoException | undefined)?.code === 'ERR_DLOPEN_FAILED');
  if (platform !== 'win32' || failed === undefined) return '';
  return (
    'If the file exists, Smart App Control or a policy may block it, because it is not signed: see Windows Security > ' +
    'App & browser control > Smart App Control, or the log Microsoft-Windows-CodeIntegrity/Operational. '
  );
}

function remedy(root: string): string {
  if (existsSync(`${root}/CMakeLists.txt`)) {
    return `Build it: cmake -S "${root}" -B "${root}/build" && cmake --build "${root}/build" --config Release   (needs cmake and a C++17 compiler)`;
  }
  return `No addon in '${root}'. If you bundle your app, mark gateway-lock as external. If GATEWAY_LOCK_PREBUILD is set, unset it.`;
}
