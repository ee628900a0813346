// npm run test:package: publishes the package to a registry on loopback. Installs it with each
// package manager into an empty folder, without a compiler in PATH and without install scripts, and
// acquires a lock there. Then does the same in other tools (tools/package/consumers): in the most
// used ones by default, in all of them with --all, and in the named ones with --consumer NAME (more
// than once if need be). Exits non-zero if anything fails.
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root } from '../../scripts/prepare.mjs';
import { cachedInstall } from '../cached-install.mjs';
import { record } from '../page-tables.mjs';
import { CONSUMERS_HEADING, consumerRow, readConsumers, testConsumer } from './consumers.mjs';
import { managers } from './managers.mjs';
import { startRegistry } from './registry.mjs';
import { createSandbox, failureText } from './sandbox.mjs';
import { checkTarball, packTarball } from './tarball.mjs';

const MANIFEST = '{ "name": "empty", "private": true }\n';
const MANAGERS_HEADING = [
  '| installed by | seconds | import, require | second process | garbage collected |',
  '|---|---|---|---|---|',
];

const { values: flags } = parseArgs({
  options: { all: { type: 'boolean' }, consumer: { type: 'string', multiple: true } },
});
prepare();
const modules = cachedInstall(join(root, 'test/package/managers'), 'package-managers');
const work = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-lock-package-')));
const registry = await startRegistry(modules, work);
const sandbox = createSandbox(work, registry);
let failed = 0;
let passed = 0;
try {
  publish();
  if (flags.consumer === undefined) testManagers();
  await testConsumers();
} finally {
  registry.stop();
  rmSync(work, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/**
 * Publishes the tarball of a release. Does not check its binaries, because `npm run
 * build:prebuilds` has already done so.
 */
function publish() {
  const environment = { PATH: process.env.PATH, HOME: process.env.HOME };
  const tarball = packTarball(work);
  if (!checkTarball(tarball, { complete: true })) throw new Error('the tarball has faults (see above)');
  const { status, stderr } = sandbox(['npm', 'publish', tarball, `--registry=${registry.url}`], work, environment);
  if (status !== 0) throw new Error(`npm publish: ${stderr}`);
}

function testManagers() {
  const rows = managers(modules, registry).map((manager) => {
    const { error, ...result } = install(manager);
    return report(manager.name, error, managerRow(manager.name, result));
  });
  const table = print(MANAGERS_HEADING, rows);
  if (failed === 0) record('docs/platforms.md', 'npm run test:package', table);
}

/** Tests the consumers that the flags select. With --all, writes their table to docs/ecosystem.md. */
async function testConsumers() {
  const consumers = await readConsumers();
  const unknown = flags.consumer?.filter((wanted) => !consumers.some(({ name }) => name === wanted)) ?? [];
  if (unknown.length > 0) throw new Error(`tools/package/consumers contains no folder ${unknown.join(', ')}`);
  const rows = consumers.filter(isSelected).map((consumer) => {
    const error = testConsumer(consumer, work, sandbox);
    return report(consumer.name, error, consumerRow(consumer));
  });
  const table = print(CONSUMERS_HEADING, rows);
  if (failed === 0 && flags.all) record('docs/ecosystem.md', 'npm run test:package -- --all', table);
}

function isSelected({ name, common }) {
  return flags.consumer === undefined ? common || flags.all : flags.consumer.includes(name);
}

/** Counts a test. Returns its row, which contains the error if the test failed. */
function report(name, error, row) {
  process.stderr.write(`gateway-lock: ${name}: ${error ? 'failed' : 'passed'}\n`);
  if (error) failed++;
  else passed++;
  return error ? `| ${name} | FAILED: ${error} |` : row;
}

function print(heading, rows) {
  const table = [...heading, ...rows].join('\n');
  console.log(`${table}\n`);
  return table;
}

function managerRow(name, { seconds, proof }) {
  const both = proof?.import && proof.require ? 'yes' : 'no';
  return `| ${name} | ${seconds} | ${both} | refused | ${proof?.collected ? 'still held' : 'not tested'} |`;
}

function install({ name, files = {}, commands, runner }) {
  const folder = join(work, name.replaceAll(/\W+/g, '-'));
  mkdirSync(folder);
  for (const [file, content] of Object.entries({ 'package.json': MANIFEST, ...files }))
    writeFileSync(join(folder, file), content);
  cpSync(join(root, 'test/package/proof.mjs'), join(folder, 'proof.mjs'));
  const started = performance.now();
  for (const command of commands) {
    const result = sandbox(command, folder);
    const blocked = /install.scripts?.*not yet covered|blocked.*gateway-lock/i.test(result.stdout + result.stderr);
    if (result.status !== 0 || blocked) return { error: failureText(result) };
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const result = sandbox([...runner, 'proof.mjs'], folder);
  if (result.status !== 0) return { error: failureText(result) };
  return { seconds, proof: JSON.parse(result.stdout.trim().split('\n').at(-1)) };
}
