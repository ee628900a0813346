// Locks a file with an npm package. Usage: node.mjs PACKAGE PATH [OPTIONS], in a folder where the
// package is installed. Prints "held" or "refused", and releases the lock when stdin ends.
import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';

const [name, path, options = '{}'] = process.argv.slice(2);
const load = () => createRequire(import.meta.url)(name);
const descriptor = () => openSync(path, 'a+');

/**
 * The lock functions. Each acquires the lock and returns a function that releases it, or throws if
 * the lock is refused.
 */
const LOCKERS = {
  'fs-native-extensions': () => {
    const fd = descriptor();
    if (!load().tryLock(fd)) throw new Error('refused');
    return () => closeSync(fd);
  },
  'fs-ext': () => {
    const fd = descriptor();
    load().flockSync(fd, 'exnb');
    return () => closeSync(fd);
  },
  'os-lock': async () => {
    const fd = descriptor();
    await load().lock(fd, { exclusive: true, immediate: true });
    return () => closeSync(fd);
  },
  // proper-lockfile creates the directory PATH.lock. Without our path's suffix .lock, this is
  // exactly our path.
  'proper-lockfile': () => load().lockSync(path.replace(/\.lock$/, ''), { realpath: false }),
  lockfile: () => {
    load().lockSync(path, JSON.parse(options));
    return () => load().unlockSync(path);
  },
};

try {
  const release = await LOCKERS[name]();
  console.log('held');
  process.stdin.resume().once('end', release);
} catch (error) {
  console.log(`refused ${error.code ?? error.message}`);
}
