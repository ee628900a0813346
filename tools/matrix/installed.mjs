// The tarball unpacked as npm would, with package.mjs beside it; and the prebuilt binary alone, for the suite.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/prepare.mjs';
import { packTarball } from '../package/tarball.mjs';
import { fileOf, nameOf, TARGETS } from '../prebuild/targets.mjs';

/** Returns the path of package.mjs in its project, and what makes a folder with nothing but a prebuilt binary as its local build. */
export function installTarball(work) {
  const modules = join(work, 'node_modules');
  mkdirSync(join(modules, 'gateway-lock'), { recursive: true });
  execFileSync('tar', ['-xzf', packTarball(work), '-C', join(modules, 'gateway-lock'), '--strip-components=1']);
  // Deno finds in node_modules only what a manifest names.
  writeFileSync(join(work, 'package.json'), '{ "private": true, "dependencies": { "gateway-lock": "*" } }\n');
  cpSync(join(root, 'test/matrix/package.mjs'), join(work, 'package.mjs'));
  return { script: join(work, 'package.mjs'), folder: work, prebuilt: (wanted) => onlyPrebuilt(work, wanted) };
}

/** A folder with the prebuilt binary alone as its local build, and test/matrix/addon.mjs, which asks that. */
function onlyPrebuilt(work, { platform = process.platform, arch = process.arch, libc }) {
  const target = TARGETS.find((one) => one.platform === platform && one.arch === arch && one.libc === libc);
  if (!existsSync(join(root, fileOf(target)))) throw new Error(`no ${fileOf(target)}: npm run build:prebuilds`);
  const folder = join(work, nameOf(target));
  cpSync(join(root, fileOf(target)), join(folder, 'build/Release/gateway_lock.node'));
  cpSync(join(root, 'test/matrix/addon.mjs'), join(folder, 'test/matrix/addon.mjs'));
  return folder;
}
