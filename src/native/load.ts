// Loads the addon, once. The only file that knows how it is found.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { LockError } from '../errors.js';
import type { NativeBinding } from './binding.js';

const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);

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
  try {
    // Typed here because node-gyp-build says `any`.
    const find: (root: string) => NativeBinding = require('node-gyp-build');
    return find(PACKAGE_ROOT);
  } catch (cause) {
    const machine = `${process.platform}-${process.arch}`;
    throw new LockError(
      'ERR_NATIVE_MISSING',
      `gateway-lock has no addon that loads on ${machine} (Node ${process.versions.node}): looked in build/Release and ` +
        `prebuilds/${machine} of ${PACKAGE_ROOT}. In a clone, build it with: npm run build (needs cmake and a C++17 ` +
        `compiler). ${(cause as Error).message}`,
      { path: PACKAGE_ROOT, cause },
    );
  }
}
