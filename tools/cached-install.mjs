// Programs that a check needs and the project does not: installed by a lock file into ~/.cache/gateway-lock, once.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from '../scripts/prepare.mjs';

/** Returns the node_modules folder that the package.json and package-lock.json in `manifest` describe; `options` are npm's. */
export function cachedInstall(manifest, name, options = []) {
  const folder = join(homedir(), '.cache/gateway-lock', name);
  const wanted = join(manifest, 'package-lock.json');
  const modules = join(folder, 'node_modules');
  if (existsSync(join(modules, '.package-lock.json')) && isSame(wanted, join(folder, 'package-lock.json')))
    return modules;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(manifest, file), join(folder, file));
  // A platform's own binary packages among them are wanted by name, whatever machine this is; their x bits npm drops.
  const args = ['ci', '--ignore-scripts', '--force', '--no-audit', '--no-fund', ...options];
  run('npm', args, `installing ${name}`, { cwd: folder });
  return modules;
}

function isSame(one, other) {
  return existsSync(other) && readFileSync(one).equals(readFileSync(other));
}
