// Unpacks the tarball into a node_modules folder, as npm does, and copies test/matrix/package.mjs
// next to it.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/prepare.mjs';
import { packTarball } from '../package/tarball.mjs';
import { fileOf, nameOf, TARGETS } from '../prebuild/targets.mjs';

/**
 * Installs the tarball into the folder `work`. Returns package.mjs's path as `script`, the folder,
 * and the function `prebuilt`, which creates a folder with one prebuilt binary.
 */
export function installTarball(work) {
  const modules = join(work, 'node_modules');
  mkdirSync(join(modules, 'gateway-lock'), { recursive: true });
  execFileSync('tar', ['-xzf', packTarball(work), '-C', join(modules, 'gateway-lock'), '--strip-components=1']);
  // Deno finds only packages listed in a package.json.
  writeFileSync(join(work, 'package.json'), '{ "private": true, "dependencies": { "gateway-lock": "*" } }\n');
  cpSync(join(root, 'test/matrix/package.mjs'), join(work, 'package.mjs'));
  return { script: join(work, 'package.mjs'), folder: work, prebuilt: (wanted) => onlyPrebuilt(work, wanted) };
}

/**
 * Creates a folder with test/matrix/addon.mjs and a prebuilt binary at the path of a local build.
 * Returns its path.
 */
function onlyPrebuilt(work, { platform = process.platform, arch = process.arch, libc }) {
  const target = TARGETS.find((one) => one.platform === platform && one.arch === arch && one.libc === libc);
  if (!existsSync(join(root, fileOf(target))))
    throw new Error(`${fileOf(target)} is missing. Build it: npm run build:prebuilds`);
  const folder = join(work, nameOf(target));
  cpSync(join(root, fileOf(target)), join(folder, 'build/Release/gateway_lock.node'));
  cpSync(join(root, 'test/matrix/addon.mjs'), join(folder, 'test/matrix/addon.mjs'));
  return folder;
}
