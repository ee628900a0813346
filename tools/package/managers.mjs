// For each package manager: the commands that install the package, and the command that runs a
// script of the project.
import { execFileSync } from 'node:child_process';
import { chmodSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

export function managers(modules, { url }) {
  const npm = ['node', join(npmFolder(), 'bin/npm-cli.js')];
  const pnpm = ['node', join(modules, 'pnpm/bin/pnpm.cjs')];
  const yarn = ['node', join(modules, 'yarn/bin/yarn.js')];
  const berry = ['node', join(modules, '@yarnpkg/cli-dist/bin/yarn.js')];
  const bun = [join(modules, '@oven/bun-linux-x64/bin/bun')];
  chmodSync(bun[0], 0o755);
  const node = ['node', '--expose-gc'];
  // Yarn Berry treats a folder as a project only if it contains a yarn.lock.
  const berryFiles = (linker) => ({
    'yarn.lock': '',
    '.yarnrc.yml': `npmRegistryServer: "${url}"\nunsafeHttpWhitelist: ["127.0.0.1"]\nnodeLinker: ${linker}\nenableScripts: false\nenableTelemetry: false\nenableImmutableInstalls: false\nenableGlobalCache: false\nnpmMinimalAgeGate: 0\n`,
  });
  return [
    { name: 'npm', commands: [[...npm, 'install', '--ignore-scripts', 'gateway-lock']], runner: node },
    { name: 'npm, scripts allowed', commands: [[...npm, 'install', 'gateway-lock']], runner: node },
    {
      name: 'pnpm',
      commands: [[...pnpm, 'add', '--ignore-scripts', `--registry=${url}`, 'gateway-lock']],
      runner: node,
    },
    {
      name: 'yarn classic',
      commands: [[...yarn, 'add', '--ignore-scripts', '--non-interactive', `--registry=${url}`, 'gateway-lock']],
      runner: node,
    },
    {
      name: 'yarn berry, node-modules',
      files: berryFiles('node-modules'),
      commands: [[...berry, 'add', 'gateway-lock']],
      runner: node,
    },
    {
      name: 'yarn berry, PnP',
      files: berryFiles('pnp'),
      commands: [[...berry, 'add', 'gateway-lock']],
      runner: [...berry, 'node', '--expose-gc'],
    },
    {
      name: 'bun, run by Node',
      commands: [[...bun, 'add', '--ignore-scripts', `--registry=${url}`, 'gateway-lock']],
      runner: node,
    },
    {
      name: 'bun, run by Bun',
      commands: [[...bun, 'add', '--ignore-scripts', `--registry=${url}`, 'gateway-lock']],
      runner: [...bun],
    },
  ];
}

/** Returns the folder of the npm in PATH. */
function npmFolder() {
  const found = execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim();
  return dirname(dirname(realpathSync(found)));
}
