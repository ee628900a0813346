// Copies the project, with the node_modules folder and the addon that it would have on Windows.
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root, run } from '../../scripts/prepare.mjs';
import { cachedInstall } from '../cached-install.mjs';

/**
 * Files and folders that are not copied, because they were built for this system or the tests do
 * not need them.
 */
const EXCLUDED = /^(\.git|node_modules|build(-.*)?|prebuilds|coverage)$/;
const BUILD = join(root, 'build/windows-x64');
/** The test program of native/os. */
export const OS_TESTS = join(BUILD, 'tests/os_tests.exe');

/** Copies the project into `folder` and builds the addon for Windows. Returns the copy's path. */
export function copyTree(folder) {
  const tree = join(folder, 'tree');
  for (const name of readdirSync(root).filter((one) => !EXCLUDED.test(one)))
    cpSync(join(root, name), join(tree, name), {
      recursive: true,
      filter: (path) => basename(path) !== 'node_modules',
    });
  buildForWindows();
  cpSync(join(BUILD, 'Release/gateway_lock.node'), join(tree, 'build/Release/gateway_lock.node'));
  const modules = cachedInstall(root, 'windows/modules', { options: ['--os=win32', '--cpu=x64'] });
  // Creates hard links, because there are 10,000 files and none is ever modified in place.
  execFileSync('cp', ['-a', '--link', modules, join(tree, 'node_modules')]);
  return tree;
}

function buildForWindows() {
  const toolchain = join(root, 'tools/windows/mingw-w64.cmake');
  const options = [`-DCMAKE_TOOLCHAIN_FILE=${toolchain}`, '-DGATEWAY_LOCK_TESTS=ON'];
  run('cmake', ['-S', '.', '-B', BUILD, ...options], 'configuring for Windows');
  run('cmake', ['--build', BUILD, '--parallel', '2'], 'building the addon and its tests for Windows');
}
