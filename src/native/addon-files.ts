// The files that may contain the addon. No other file of src knows their paths.
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A local build, which comes before the published binaries because it was made for this machine. */
const LOCAL_BUILD = 'build/Release/gateway_lock.node';

/**
 * Returns the URL of a published binary (tools/prebuild/targets.mjs), or null if there is none of
 * this name. Each URL is written out, and directly after a `return`, because bundlers and file
 * tracers find no other files (webpack, ncc, nft, Next.js). scripts/bundle.mjs adapts the URLs to
 * the folder of the bundle.
 */
function publishedUrl(name: string): URL | null {
  switch (name) {
    case 'linux-x64/gateway-lock.glibc':
      return new URL('../../prebuilds/linux-x64/gateway-lock.glibc.node', import.meta.url);
    case 'linux-x64/gateway-lock.musl':
      return new URL('../../prebuilds/linux-x64/gateway-lock.musl.node', import.meta.url);
    case 'linux-arm64/gateway-lock.glibc':
      return new URL('../../prebuilds/linux-arm64/gateway-lock.glibc.node', import.meta.url);
    case 'linux-arm64/gateway-lock.musl':
      return new URL('../../prebuilds/linux-arm64/gateway-lock.musl.node', import.meta.url);
    case 'linux-arm/gateway-lock.armv7.glibc':
      return new URL('../../prebuilds/linux-arm/gateway-lock.armv7.glibc.node', import.meta.url);
    case 'linux-arm/gateway-lock.armv7.musl':
      return new URL('../../prebuilds/linux-arm/gateway-lock.armv7.musl.node', import.meta.url);
    case 'linux-riscv64/gateway-lock.glibc':
      return new URL('../../prebuilds/linux-riscv64/gateway-lock.glibc.node', import.meta.url);
    case 'linux-riscv64/gateway-lock.musl':
      return new URL('../../prebuilds/linux-riscv64/gateway-lock.musl.node', import.meta.url);
    case 'linux-loong64/gateway-lock.glibc':
      return new URL('../../prebuilds/linux-loong64/gateway-lock.glibc.node', import.meta.url);
    case 'linux-ppc64/gateway-lock.glibc':
      return new URL('../../prebuilds/linux-ppc64/gateway-lock.glibc.node', import.meta.url);
    case 'linux-s390x/gateway-lock.glibc':
      return new URL('../../prebuilds/linux-s390x/gateway-lock.glibc.node', import.meta.url);
    case 'linux-ia32/gateway-lock.glibc':
      return new URL('../../prebuilds/linux-ia32/gateway-lock.glibc.node', import.meta.url);
    case 'darwin-x64/gateway-lock':
      return new URL('../../prebuilds/darwin-x64/gateway-lock.node', import.meta.url);
    case 'darwin-arm64/gateway-lock':
      return new URL('../../prebuilds/darwin-arm64/gateway-lock.node', import.meta.url);
    case 'win32-x64/gateway-lock':
      return new URL('../../prebuilds/win32-x64/gateway-lock.node', import.meta.url);
    case 'win32-arm64/gateway-lock':
      return new URL('../../prebuilds/win32-arm64/gateway-lock.node', import.meta.url);
    case 'win32-ia32/gateway-lock':
      return new URL('../../prebuilds/win32-ia32/gateway-lock.node', import.meta.url);
    default:
      return null;
  }
}

/** Returns true if the package contains a binary for this machine. */
export function isPublished(): boolean {
  try {
    return [...names()].some((name) => publishedUrl(name) !== null);
  } catch {
    return true; // An esbuild bundle in CommonJS has no import.meta.url, but the name is known.
  }
}

/**
 * Yields the possible files of the addon: in this package, next to the bundle that contains this
 * code, and next to the executable that contains the bundle.
 */
export function* packageFiles(root: string): Generator<string> {
  yield `${root}/${LOCAL_BUILD}`;
  for (const name of names()) {
    const published = publishedFile(name);
    if (published !== null) yield published;
    for (const folder of [dirname(ownFile()), dirname(process.execPath)]) {
      const copy = join(folder, `prebuilds/${name}.node`);
      if (copy !== published) yield copy;
    }
  }
}

/** Yields the possible files of the addon in a folder that the user has named. */
export function* filesIn(folder: string): Generator<string> {
  yield join(folder, LOCAL_BUILD);
  for (const name of names()) yield join(folder, `prebuilds/${name}.node`);
}

/**
 * Returns the file of a published binary. Returns null if there is no binary of this name, and in a
 * CommonJS bundle of esbuild, which has no import.meta.url.
 */
function publishedFile(name: string): string | null {
  try {
    const url = publishedUrl(name);
    return url === null ? null : fileURLToPath(url);
  } catch {
    return null;
  }
}

/** Yields the names of the binaries for this machine, without their extension. */
function* names(): Generator<string> {
  const { arm_version: version } = process.config.variables as { arm_version?: string };
  const arm = process.arch === 'arm' ? `.armv${version}` : '';
  for (const libc of libcs()) yield `${process.platform}-${process.arch}/gateway-lock${arm}${libc}`;
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
  // The loader is called ld64.so on ppc64 and s390x.
  const isGlibc = ['/ld-linux', '/ld64.so'].some((loader) => program.includes(loader));
  return isGlibc ? ['.glibc'] : ['.musl', '.glibc'];
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
 * src/native/addon-files.ts in the repository, part of dist/index.js in the package, and anywhere
 * in a user's bundle.
 */
export function packageRoot(folder: string = dirname(ownFile())): string {
  const parent = dirname(folder);
  return parent === folder || fileExists(`${folder}/package.json`) ? folder : packageRoot(parent);
}

/** Returns the file that contains this code. */
export function ownFile(): string {
  const url = import.meta.url as string | undefined;
  const file = url?.startsWith('file:') ? fileURLToPath(url) : '';
  return fileExists(file) ? file : bundleFile();
}

/**
 * Returns the bundle that contains this code, if `import.meta.url` is missing (esbuild, CommonJS) or
 * a path on the machine that built the bundle (webpack, Bun), as `__filename` may be too. Returns
 * the executable if the bundle is part of it.
 */
function bundleFile(): string {
  const files = [typeof __filename === 'string' && __filename, process.argv[1]];
  return files.find((file) => file && isAbsolute(file) && fileExists(file)) || process.execPath;
}

/** Returns false if Node's permission model denies access, in which case existsSync() throws. */
export function fileExists(path: string): boolean {
  try {
    return existsSync(path);
  } catch {
    return false;
  }
}
