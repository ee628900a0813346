// npm run test:package: publishes the package to a registry on loopback. Installs it with each
// package manager into an empty folder, without a compiler in PATH and without install scripts, and
// acquires a lock there. Exits non-zero if a package manager or the lock fails.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root } from '../../scripts/prepare.mjs';
import { cachedInstall } from '../cached-install.mjs';
import { record } from '../platforms-page.mjs';
import { managers } from './managers.mjs';
import { startRegistry } from './registry.mjs';
import { checkTarball, packTarball } from './tarball.mjs';

const LIMIT_MS = 120_000;
const MANIFEST = '{ "name": "empty", "private": true }\n';
// The programs that package managers call. There is no compiler among them, and none of the
// programs in ABSENT.
const TOOLS = ['sh', 'env', 'uname', 'dirname', 'basename', 'sed', 'cat', 'ls', 'mkdir', 'rm', 'tar', 'gzip'];
const ABSENT = ['cc', 'c++', 'gcc', 'g++', 'clang', 'cmake', 'make', 'ninja', 'python3', 'node-gyp'];

prepare();
const modules = cachedInstall(join(root, 'test/package/managers'), 'package-managers');
const work = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-lock-package-')));
const path = toolsOnly();
const registry = await startRegistry(modules, work);
const rows = [];
try {
  publish();
  for (const manager of managers(modules, registry)) rows.push(await install(manager));
} finally {
  registry.stop();
  rmSync(work, { recursive: true, force: true });
}
const table = [
  '| installed by | seconds | import, require | second process | garbage collected |',
  '|---|---|---|---|---|',
  ...rows.map(row),
].join('\n');
console.log(table);
const failed = rows.filter(({ error }) => error).length;
if (failed === 0) record('npm run test:package', table);
console.log(`${rows.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

function row({ name, seconds, proof, error }) {
  if (error) return `| ${name} | FAILED: ${error} |`;
  const both = proof.import && proof.require ? 'yes' : 'no';
  return `| ${name} | ${seconds} | ${both} | refused | ${proof.collected ? 'still held' : 'not tested'} |`;
}

function toolsOnly() {
  const folder = join(work, 'bin');
  mkdirSync(folder);
  symlinkSync(process.execPath, join(folder, 'node'));
  for (const tool of TOOLS) {
    const { stdout } = spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' });
    if (stdout.startsWith('/')) symlinkSync(stdout.trim(), join(folder, tool));
  }
  const found = ABSENT.filter((tool) => spawnSync(tool, ['--version'], { env: { PATH: folder } }).status !== null);
  if (found.length > 0) throw new Error(`PATH must not contain ${found}`);
  return folder;
}

/**
 * Publishes the tarball of a release. Does not check its binaries, because `npm run
 * build:prebuilds` has already done so.
 */
function publish() {
  const environment = { PATH: process.env.PATH, HOME: process.env.HOME };
  const tarball = packTarball(work);
  if (!checkTarball(tarball, { complete: true })) throw new Error('the tarball has faults (see above)');
  const { status, stderr } = run('npm', ['publish', tarball, `--registry=${registry.url}`], work, environment);
  if (status !== 0) throw new Error(`npm publish: ${stderr}`);
}

async function install({ name, files = {}, commands, runner }) {
  const folder = join(work, name.replaceAll(/\W+/g, '-'));
  mkdirSync(folder);
  for (const [file, content] of Object.entries({ 'package.json': MANIFEST, ...files }))
    writeFileSync(join(folder, file), content);
  cpSync(join(root, 'test/package/proof.mjs'), join(folder, 'proof.mjs'));
  const started = performance.now();
  for (const [command, ...args] of commands) {
    const { status, error, stdout, stderr } = run(command, args, folder);
    if (status !== 0) return { name, error: lastLines(`${stdout}${stderr}${error?.message ?? ''}`) };
    if (/install.scripts?.*not yet covered|blocked.*gateway-lock/i.test(stdout + stderr))
      return { name, error: lastLines(stdout + stderr) };
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const [command, ...args] = runner;
  const { stdout, stderr, status } = run(command, [...args, 'proof.mjs'], folder);
  if (status !== 0) return { name, error: lastLines(stdout + stderr) };
  return { name, seconds, proof: JSON.parse(stdout.trim().split('\n').at(-1)) };
}

function run(command, args, cwd, env = {}) {
  const home = join(work, 'home');
  mkdirSync(home, { recursive: true });
  const clean = {
    PATH: path,
    HOME: home,
    TMPDIR: tmpdir(),
    npm_config_userconfig: registry.userConfig,
    CI: '1',
    NO_COLOR: '1',
  };
  return spawnSync(command, args, { cwd, encoding: 'utf8', timeout: LIMIT_MS, env: { ...clean, ...env } });
}

function lastLines(text) {
  return text.trim().split('\n').slice(-12).join(' / ');
}
