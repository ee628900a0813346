// npm run test:package: publishes the package to a registry on loopback. Installs it with each
// package manager into an empty folder, without a compiler in PATH and without install scripts, and
// acquires a lock there. Then does the same in other tools (tools/package/consumers): in the most
// used ones by default, in all of them with --all, and in the named ones with --consumer NAME (more
// than once if need be). Exits non-zero if anything fails. With --incomplete the package may lack
// the binaries of other platforms, and the consumers that need them are skipped.
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
/** The number of consumers tested at a time. They wait for the registry half of the time. */
const PARALLEL = 2;
const MANAGERS_HEADING = [
  '| installed by | seconds | import, require | second process | garbage collected |',
  '|---|---|---|---|---|',
];

const { values: flags } = parseArgs({
  options: { all: { type: 'boolean' }, incomplete: { type: 'boolean' }, consumer: { type: 'string', multiple: true } },
});
prepare();
const modules = cachedInstall(join(root, 'test/package/managers'), 'package-managers');
const work = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-lock-package-')));
// Also runs after Ctrl-C and SIGTERM, which would skip a `finally`.
process.once('exit', () => rmSync(work, { recursive: true, force: true, maxRetries: 5 }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
const registry = await startRegistry(modules, work);
process.prependOnceListener('exit', registry.stop);
const sandbox = createSandbox(work, registry);
let failed = 0;
let passed = 0;
await publish();
if (flags.consumer === undefined) await testManagers();
await testConsumers();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/**
 * Publishes the tarball of a release. Does not check its binaries, because `npm run
 * build:prebuilds` has already done so.
 */
async function publish() {
  const environment = { PATH: process.env.PATH, HOME: process.env.HOME };
  const tarball = packTarball(work);
  if (!checkTarball(tarball, { complete: !flags.incomplete })) throw new Error('the tarball has faults (see above)');
  const { status, stderr } = await sandbox(
    ['npm', 'publish', tarball, `--registry=${registry.url}`],
    work,
    environment,
  );
  if (status !== 0) throw new Error(`npm publish: ${stderr}`);
}

/** Tests one package manager after the other, because the table contains their times. */
async function testManagers() {
  const rows = [];
  for (const manager of managers(modules, registry)) {
    const { error, ...result } = await install(manager);
    rows.push(report(manager.name, error, managerRow(manager.name, result)));
  }
  const table = print(MANAGERS_HEADING, rows);
  if (failed === 0) record('docs/platforms.md', 'npm run test:package', table);
}

/** Tests the consumers that the flags select. With --all, writes their table to docs/ecosystem.md. */
async function testConsumers() {
  const consumers = await readConsumers();
  const unknown = flags.consumer?.filter((wanted) => !consumers.some(({ name }) => name === wanted)) ?? [];
  if (unknown.length > 0) throw new Error(`tools/package/consumers contains no folder ${unknown.join(', ')}`);
  const rows = await inParallel(consumers.filter(isSelected).filter(canRun), async (consumer) => {
    const error = await testConsumer(consumer, work, sandbox);
    return report(consumer.name, error, consumerRow(consumer));
  });
  const table = print(CONSUMERS_HEADING, rows);
  if (failed === 0 && flags.all && !flags.incomplete)
    record('docs/ecosystem.md', 'npm run test:package -- --all', table);
}

/** Calls `test` for each item, for two at a time. Returns the results in the order of the items. */
async function inParallel(items, test) {
  const results = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await test(item);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return results;
}

function isSelected({ name, common }) {
  return flags.consumer === undefined ? common || flags.all : flags.consumer.includes(name);
}

/** Returns false if the consumer needs binaries that an incomplete package may lack. */
function canRun({ name, allBinaries }) {
  const skipped = flags.incomplete && allBinaries;
  if (skipped) process.stderr.write(`gateway-lock: ${name}: skipped, needs all binaries\n`);
  return !skipped;
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

async function install({ name, files = {}, commands, runner }) {
  const folder = join(work, name.replaceAll(/\W+/g, '-'));
  mkdirSync(folder);
  for (const [file, content] of Object.entries({ 'package.json': MANIFEST, ...files }))
    writeFileSync(join(folder, file), content);
  cpSync(join(root, 'test/package/proof.mjs'), join(folder, 'proof.mjs'));
  const started = performance.now();
  for (const command of commands) {
    const result = await sandbox(command, folder);
    const blocked = /install.scripts?.*not yet covered|blocked.*gateway-lock/i.test(result.stdout + result.stderr);
    if (result.status !== 0 || blocked) return { error: failureText(result) };
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const result = await sandbox([...runner, 'proof.mjs'], folder);
  if (result.status !== 0) return { error: failureText(result) };
  return { seconds, proof: JSON.parse(result.stdout.trim().split('\n').at(-1)) };
}
