// Installs npm packages that only one tool needs into ~/.cache/gateway-lock. A package-lock.json
// pins the versions. Reinstalls the packages only if it has changed.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from '../scripts/commands.mjs';

/**
 * Returns the node_modules folder for the package.json and package-lock.json in the folder
 * `manifest`. Passes `options` to npm. With `force`, also installs packages for other platforms, but
 * their programs lose the execute permission.
 */
export function cachedInstall(manifest, name, { options = [], force = true } = {}) {
  const folder = join(homedir(), '.cache/gateway-lock', name);
  const lockFile = join(manifest, 'package-lock.json');
  const modules = join(folder, 'node_modules');
  if (existsSync(join(modules, '.package-lock.json')) && isSame(lockFile, join(folder, 'package-lock.json')))
    return modules;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(manifest, file), join(folder, file));
  const args = ['ci', '--ignore-scripts', ...(force ? ['--force'] : []), '--no-audit', '--no-fund', ...options];
  run('npm', args, `installing ${name}`, { cwd: folder });
  return modules;
}

function isSame(one, other) {
  return existsSync(other) && readFileSync(one).equals(readFileSync(other));
}
