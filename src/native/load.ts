// Loads the addon, once. The only file that knows how it is found.
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, toNamespacedPath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LockError } from '../errors.js';
import type { NativeBinding } from './binding.js';

let loaded: NativeBinding | undefined;

/**
 * Fails closed: without the addon there is no lock, and a lock that only pretends is worse than none.
 *
 * @throws {LockError} `ERR_NATIVE_MISSING`
 */
export function native(): NativeBinding {
  loaded ??= load(process.env['GATEWAY_LOCK_PREBUILD'] || packageRoot(dirname(fileURLToPath(import.meta.url))));
  return loaded;
}

/** GATEWAY_LOCK_PREBUILD names another folder to look in: a build with sanitizers, prebuilds alone. */
function load(root: string): NativeBinding {
  const tried: Error[] = [];
  for (const path of candidates()) {
    const file = `${root}/${path}`;
    try {
      if (existsSync(file)) return open(file);
      tried.push(new Error(`${path}: not there`));
    } catch (error) {
      // What the system's loader says names the file, mostly; not always.
      tried.push(new Error(`${path}: ${(error as Error).message}`, { cause: error }));
    }
  }
  return loadByOtherNames(root, tried);
}

/** Not require(), which looks for a module, names and caches it, and takes ten times as long as the system's loader, 3 ms. */
function open(file: string): NativeBinding {
  const loading = { exports: {} as NativeBinding };
  process.dlopen(loading, toNamespacedPath(file));
  return loading.exports;
}

/**
 * What others may have put there with prebuildify: `node.abi115`, `electron`, `armv6`. Last, because node-gyp-build takes 4 ms to
 * load and to look around, and a system for musl only if it has /etc/alpine-release.
 */
function loadByOtherNames(root: string, tried: Error[]): NativeBinding {
  try {
    // Typed here because node-gyp-build says `any`.
    const find: (root: string) => NativeBinding = createRequire(import.meta.url)('node-gyp-build');
    return find(root);
  } catch (error) {
    tried.push(new Error(`node-gyp-build: ${(error as Error).message.split('\n')[0]}`, { cause: error }));
    throw missing(root, tried);
  }
}

/** A local build comes first: it is there only because somebody made it for this machine. */
function* candidates(): Generator<string> {
  yield 'build/Release/gateway_lock.node';
  const folder = `prebuilds/${process.platform}-${process.arch}`;
  const arm =
    process.arch === 'arm' ? `.armv${(process.config.variables as { arm_version?: string }).arm_version}` : '';
  for (const libc of libcs()) yield `${folder}/gateway-lock${arm}${libc}.node`;
}

/**
 * The C library of this very process, whatever is installed beside it. Both when it cannot be seen, musl's first: glibc has no
 * libc.so that it could load, but musl takes a binary for glibc, as long as it has the functions.
 */
function libcs(): string[] {
  if (process.platform !== 'linux') return [''];
  // Looked for in the bytes: a string of them and a regular expression take Node 0.1 ms.
  const program = startOfOwnProgram();
  if (program.includes('/ld-musl')) return ['.musl'];
  return program.includes('/ld-linux') ? ['.glibc'] : ['.musl', '.glibc'];
}

/** An ELF file names the dynamic loader that it wants, in its first KiB. Zeros when it cannot be read (Node's permission model). */
function startOfOwnProgram(): Buffer {
  const bytes = Buffer.alloc(4096);
  try {
    const file = openSync('/proc/self/exe', 'r');
    readSync(file, bytes);
    closeSync(file);
  } catch {
    // Both are tried then.
  }
  return bytes;
}

/** This file is src/native/load.ts in the tree and a part of dist/index.js in the package. Not by join(), whose first call takes 0.04 ms. */
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
 * Windows blocks a library that nobody has signed where Smart App Control or an App Control policy is on: ERROR_ACCESS_DISABLED_BY_POLICY,
 * ERROR_VIRUS_INFECTED, or STATUS_SYSTEM_INTEGRITY_POLICY_VIOLATION (pingdotgg/t3code#8201). Node's error has only Windows' words.
 */
function blockedByPolicy(tried: readonly Error[], platform: NodeJS.Platform = process.platform): string {
  const failed = tried.find(({ cause }) => (cause as NodeJS.ErrnoException | undefined)?.code === 'ERR_DLOPEN_FAILED');
  if (platform !== 'win32' || failed === undefined) return '';
  return (
    'If the file is there and Windows refuses it, Smart App Control or a policy may block it, because it is not signed: see Windows ' +
    'Security > App & browser control > Smart App Control, or the log Microsoft-Windows-CodeIntegrity/Operational. '
  );
}

function remedy(root: string): string {
  if (existsSync(`${root}/CMakeLists.txt`)) {
    return `Build it: cmake -S "${root}" -B "${root}/build" && cmake --build "${root}/build" --config Release   (needs cmake and a C++17 compiler)`;
  }
  return `No addon in '${root}'. If you bundle your app, mark gateway-lock as external. If GATEWAY_LOCK_PREBUILD is set, unset it.`;
}
