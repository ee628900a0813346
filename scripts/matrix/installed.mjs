// The tarball unpacked as npm would, with life.mjs beside it; and the prebuilt binary alone, for the suite.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileOf, TARGETS } from '../prebuild/targets.mjs';
import { root } from '../prepare.mjs';

/** Returns the path of life.mjs in its project, and of a folder with nothing but the prebuilt binary as its local build. */
export function installTarball(work) {
  const quiet = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
  const [{ filename }] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', work], quiet));
  const modules = join(work, 'node_modules');
  mkdirSync(join(modules, 'gateway-lock'), { recursive: true });
  execFileSync('tar', ['-xzf', join(work, filename), '-C', join(modules, 'gateway-lock'), '--strip-components=1']);
  // Deno finds in node_modules only what a manifest names.
  writeFileSync(join(work, 'package.json'), '{ "private": true, "dependencies": { "gateway-lock": "*" } }\n');
  cpSync(join(root, 'test/matrix/life.mjs'), join(work, 'life.mjs'));
  return { script: join(work, 'life.mjs'), folder: work, prebuilt: onlyPrebuilt(work) };
}

function onlyPrebuilt(work) {
  const folder = join(work, 'prebuilt');
  const own = TARGETS.find(({ platform, arch }) => platform === process.platform && arch === process.arch);
  cpSync(join(root, fileOf(own)), join(folder, 'build/Release/gateway_lock.node'));
  return folder;
}
