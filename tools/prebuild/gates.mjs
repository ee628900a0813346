// The gates: checks that every published binary must pass. A gate returns one text per fault.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readElf } from './elf.mjs';
import { oldestSystem } from './imports.mjs';
import { readMachO } from './mach-o.mjs';
import { readPe } from './pe.mjs';
import { FLOOR, fileOf } from './targets.mjs';

const LIMIT = 176 * 1024;
/**
 * The minimum number of functions with unwind data. The addon has about 300 functions that need it
 * because they call others; the C runtime alone has 21.
 */
const MIN_UNWOUND = 200;
const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
// zig's linker always exports these two symbols, which mark the start of the image.
const LINKER_MADE = ['__mh_dylib_header', '___dso_handle'];
// A Linux binary may need only the C library, because the C++ library is linked statically.
const C_LIBRARIES = {
  glibc: /^(lib(c|m|dl|pthread|rt)\.so\.\d+|ld(64|-linux[\w-]*)\.so\.\d)$/,
  musl: /^libc\.so$/,
};

// The libraries of Windows 10 that a binary may need. The host program is not among them, because
// native/host finds it under any name.
const WINDOWS_LIBRARIES = /^(kernel32|ntdll|advapi32|shell32|ws2_32|iphlpapi|api-ms-win-crt-[a-z]+-l1-1-0)\.dll$/i;
// Symbols that a binary must not import. Of Node's symbols, only those of N-API are stable and also
// exist in Bun and Deno. C++ symbols are forbidden because the system may not have a C++ library.
const FOREIGN = /^(uv_|_Z|_Unwind|__gxx|__cxa_(?!atexit$|finalize$))/;
const READERS = { linux: readElf, darwin: readMachO, win32: readPe };
const GATES = { linux: elfFaults, darwin: machOFaults, win32: peFaults };

/**
 * Reads and checks a target's binary in the folder `root`. If `faults` in the result is empty, the
 * binary may be published.
 */
export function inspect(target, root) {
  const file = fileOf(target);
  if (!existsSync(join(root, file))) return { file, faults: ['has not been built'] };
  const bytes = readFileSync(join(root, file));
  const found = READERS[target.platform](bytes);
  const faults = [
    ...sizeFaults(bytes.length),
    ...commonFaults(target, found),
    ...GATES[target.platform](target, found),
  ];
  return { file, bytes: bytes.length, sha256: sha256(bytes), floor: floorOf(target, found), faults };
}

export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

function sizeFaults(size) {
  return size > LIMIT ? [`has ${size} bytes, more than ${LIMIT}`] : [];
}

function commonFaults(target, found) {
  const plain = (name) => (target.platform === 'darwin' ? name.replace(/^_/, '') : name);
  const exported = found.exported.filter((name) => !LINKER_MADE.includes(name)).map(plain);
  const foreign = found.imported.map(plain).filter((name) => FOREIGN.test(name));
  return [
    found.arch !== target.arch && `is built for ${found.arch}`,
    !found.shared && 'is not a shared library',
    exported.sort().join() !== EXPORTS.join() && `exports ${exported.join(', ')}`,
    foreign.length > 0 && `imports ${foreign.join(', ')} from the host`,
    ...importFaults(target, found.imported.map(plain)),
  ].filter(Boolean);
}

function importFaults(target, imported) {
  const { floor, names } = oldestSystem(target);
  const unknown = imported.filter((name) => names && !names.includes(name) && !name.startsWith('napi_'));
  return unknown.map(
    (name) => `imports ${name}, which is not known to exist in ${floor}: see tools/prebuild/imports.mjs`,
  );
}

function elfFaults(
  { libc, glibc, arch },
  { needed, bigEndian, versions, executableStack, soname, rpath, runpath, symbols },
) {
  const strangers = needed.filter((name) => !C_LIBRARIES[libc].test(name));
  return [
    strangers.length > 0 && `needs ${strangers.join(', ')}`,
    bigEndian !== (arch === 's390x') && `is ${bigEndian ? 'big' : 'little'}-endian`,
    newer(newest(versions), glibc) && `needs glibc ${newest(versions)}, above ${glibc}`,
    libc === 'musl' && versions.length > 0 && `requires ${versions.join(', ')}`,
    executableStack && 'has an executable stack',
    [...soname, ...rpath, ...runpath].length > 0 && `has a soname or run path: ${[...soname, ...rpath, ...runpath]}`,
    symbols.length > 0 && 'is not stripped',
  ].filter(Boolean);
}

function machOFaults({ arch }, { minimum, needed, badPages, ownName }) {
  return [
    minimum !== FLOOR.macos && `requires macOS ${minimum}, not ${FLOOR.macos}`,
    needed.join() !== '/usr/lib/libSystem.B.dylib' && `needs ${needed}`,
    // On x64 macOS accepts unsigned libraries; on arm64 it kills a process that loads one.
    arch === 'arm64' &&
      badPages !== 0 &&
      `its signature is ${badPages === null ? 'missing' : `wrong for ${badPages} pages`}`,
    ownName?.includes('/') && `contains a path of the build machine: ${ownName}`,
  ].filter(Boolean);
}

function peFaults({ arch }, { needed, delayed, hardened, stripped, unwound }) {
  const strangers = needed.filter((name) => !WINDOWS_LIBRARIES.test(name));
  return [
    strangers.length > 0 && `needs ${strangers.join(', ')}`,
    delayed && 'has delayed imports, which are not checked',
    !hardened && 'lacks ASLR or NX',
    !stripped && 'is not stripped',
    arch !== 'ia32' && unwound < MIN_UNWOUND && `has unwind data for ${unwound} functions only`,
  ].filter(Boolean);
}

/**
 * Returns the oldest system on which the binary loads. For macOS and glibc the binary itself
 * contains this version; for musl and Windows it follows from the list of allowed imports.
 */
function floorOf(target, found) {
  if (target.platform === 'darwin') return `macOS ${found.minimum}`;
  return target.libc === 'glibc' ? `glibc ${newest(found.versions)}` : oldestSystem(target).floor;
}

function newest(versions) {
  const numbers = versions.map((version) => /^GLIBC_([\d.]+)$/.exec(version)?.[1]).filter(Boolean);
  return numbers.reduce((top, one) => (newer(one, top) ? one : top), '0');
}

function newer(one, other) {
  return one.localeCompare(other, 'en', { numeric: true }) > 0;
}
