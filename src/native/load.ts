// Loads the addon, once. The only file that knows how it is found.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
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
  loaded ??= load();
  return loaded;
}

function load(): NativeBinding {
  const root = packageRoot(fileURLToPath(import.meta.url));
  try {
    // Typed here because node-gyp-build says `any`.
    const find: (root: string) => NativeBinding = createRequire(import.meta.url)('node-gyp-build');
    return find(root);
  } catch (cause) {
    const machine = `${process.platform}-${process.arch}`;
    throw new LockError(
      'ERR_NATIVE_MISSING',
      `gateway-lock has no addon that loads on ${machine} (Node ${process.versions.node}): looked in build/Release and ` +
        `prebuilds/${machine} of ${root}. In a clone, build it with: npm run build (needs cmake and a C++17 ` +
        `compiler). ${(cause as Error).message}`,
      { path: root, cause },
    );
  }
}

/** This file is src/native/load.ts in the tree and a part of dist/index.js in the package. */
function packageRoot(path: string): string {
  const folder = dirname(path);
  return folder === path || existsSync(join(folder, 'package.json')) ? folder : packageRoot(folder);
}
