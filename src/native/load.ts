// Loads the addon, once per process (or worker thread).
import { createRequire } from 'node:module';
import { resolve, toNamespacedPath } from 'node:path';
import { invalidType, invalidValue } from '../arguments.js';
import { fileExists, filesIn, ownFile, packageFiles, packageRoot } from './addon-files.js';
import type { NativeBinding } from './binding.js';
import { missingAddonError, type Search, type TriedFile } from './missing-addon.js';

/**
 * The option that names the addon, for bundled programs.
 *
 * @example
 * const options: NativeBindingOptions = { nativeBinding: undefined };
 * console.log(probeLock('job.lock', options).state);
 */
export interface NativeBindingOptions {
  /**
   * The addon, for programs whose bundler has moved it: the path of the `.node` file, the path of a
   * folder that contains `prebuilds`, or the loaded addon itself. The first call of a process that
   * needs the addon loads it; later calls ignore this option.
   *
   * @default the environment variable `GATEWAY_LOCK_PREBUILD`, else the package's own binary
   */
  readonly nativeBinding?: string | object | undefined;
}

let loaded: NativeBinding | undefined;

/**
 * Returns the addon. Throws if it cannot be loaded, because there is no fallback.
 *
 * @throws {LockError} `ERR_NATIVE_MISSING`
 */
export function native(): NativeBinding {
  loaded ??= loadDefault(process.env['GATEWAY_LOCK_PREBUILD']);
  return loaded;
}

/**
 * Loads the addon that the caller has chosen, unless an addon is already loaded.
 *
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @throws {LockError} `ERR_NATIVE_MISSING`
 */
export function useNativeBinding(binding: unknown): void {
  if (binding === undefined) return;
  loaded ??= typeof binding === 'string' ? loadNamed(binding, 'nativeBinding') : checkAddon(binding);
}

function checkAddon(binding: unknown): NativeBinding {
  if (typeof binding !== 'object' || binding === null)
    throw invalidType('nativeBinding', 'a path or the loaded addon', binding);
  if (!('tryAcquire' in binding)) throw invalidValue('nativeBinding', 'the addon of gateway-lock', binding);
  return binding as NativeBinding;
}

function loadDefault(named: string | undefined): NativeBinding {
  // An empty variable counts as unset.
  if (named) return loadNamed(named, 'GATEWAY_LOCK_PREBUILD');
  const root = packageRoot();
  return loadFirst({ files: packageFiles(root), root });
}

function loadNamed(path: string, option: string): NativeBinding {
  const named = { option, path: resolve(path) };
  if (path.endsWith('.node')) return loadFirst({ files: [named.path], root: null, named });
  return loadFirst({ files: filesIn(named.path), root: named.path, named });
}

/** Loads the first file that exists and loads. */
function loadFirst(search: Search & { readonly files: Iterable<string> }): NativeBinding {
  const tried: TriedFile[] = [];
  for (const file of search.files) {
    try {
      if (fileExists(file)) return open(file);
      tried.push({ file });
    } catch (error) {
      tried.push({ file, error: error as Error });
    }
  }
  return loadByOtherNames(search, tried);
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
function loadByOtherNames(search: Search, tried: TriedFile[]): NativeBinding {
  try {
    // node-gyp-build is typed as `any`.
    const find: (root: string) => NativeBinding = createRequire(ownFile())('node-gyp-build');
    if (search.root !== null) return find(search.root);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_DLOPEN_FAILED') tried.push({ file: 'node-gyp-build', error: error as Error });
  }
  throw missingAddonError(search, tried);
}
