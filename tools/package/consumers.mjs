// Tests the installed package in other tools: bundlers, module resolvers, runners and frameworks.
// Each folder of tools/package/consumers is one test; the README of that folder describes the
// files.
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { failureText } from './sandbox.mjs';

export const CONSUMERS_FOLDER = fileURLToPath(new URL('consumers', import.meta.url));
const GROUPS = ['bundler', 'resolver', 'runner', 'framework'];
/** What the shared program gateway.mjs prints. */
const EXPECTED = 'served\nrefused: ERR_GATEWAY_LOCKED\n';

/** Returns all consumers, grouped and sorted by name. */
export async function readConsumers() {
  const names = readdirSync(CONSUMERS_FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const consumers = await Promise.all(names.map(({ name }) => readConsumer(name)));
  const order = ({ group, name }) => `${GROUPS.indexOf(group)} ${name}`;
  return consumers.toSorted((one, other) => order(one).localeCompare(order(other)));
}

async function readConsumer(name) {
  const { default: consumer } = await import(pathToFileURL(join(CONSUMERS_FOLDER, name, 'consumer.mjs')).href);
  if (!GROUPS.includes(consumer.group)) throw new Error(`${name}: group must be one of ${GROUPS}`);
  return {
    name,
    packages: {},
    commands: [],
    keep: null,
    expected: EXPECTED,
    common: false,
    allBinaries: false,
    advice: '',
    ...consumer,
  };
}

/** Returns the heading of the table that `npm run test:package` prints. */
export const CONSUMERS_HEADING = ['| tool | version | what it needs |', '|---|---|---|'];

/** Returns the row of a consumer in docs/ecosystem.md. */
export function consumerRow({ title, packages, advice }) {
  const versions = Object.entries(packages).map(([name, version]) => versionText(name, version));
  return `| ${title} | ${versions.join(', ') || 'Node'} | ${advice || 'nothing'} |`;
}

/** An alias such as `npm:typescript@5.0.4` installs several versions of one package. */
function versionText(name, version) {
  return version.startsWith('npm:') ? version.slice('npm:'.length).replace(/@(?=[^@]*$)/, ' ') : `${name} ${version}`;
}

/**
 * Installs the package and the consumer's packages into an empty folder, runs the consumer's
 * commands, and compares the output of the last one. Returns null on success, else what failed.
 */
export async function testConsumer(consumer, work, sandbox) {
  const folder = join(work, consumer.name);
  createProject(consumer, folder);
  const commands = [installCommand(consumer), ...consumer.commands];
  for (const command of commands) {
    const result = await sandbox(command, folder);
    if (result.status !== 0) return `${command.slice(0, 3).join(' ')}: ${failureText(result)}`;
  }
  if (consumer.keep !== null) keepOnly(consumer.keep, folder);
  const result = await sandbox(consumer.run, folder, consumer.env);
  rmSync(folder, { recursive: true, force: true });
  if (result.status === 0 && matches(result.stdout, consumer.expected)) return null;
  return `${consumer.run.join(' ')}: ${failureText(result)}`;
}

function createProject({ name, packages, manifest, files = {} }, folder) {
  cpSync(join(CONSUMERS_FOLDER, name), folder, { recursive: true });
  cpSync(join(CONSUMERS_FOLDER, 'gateway.mjs'), join(folder, 'gateway.mjs'));
  rmSync(join(folder, 'consumer.mjs'));
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
  const dependencies = { 'gateway-lock': '*', ...packages };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, ...manifest, dependencies }));
}

function installCommand({ scripts }) {
  const options = ['--no-audit', '--no-fund', '--no-package-lock', ...(scripts ? [] : ['--ignore-scripts'])];
  return ['npm', 'install', ...options];
}

/** Removes everything except the paths in `keep`, as a deployment does that copies the output. */
function keepOnly(keep, folder) {
  const built = `${folder}.built`;
  renameSync(folder, built);
  for (const path of keep) {
    if (!existsSync(join(built, path))) throw new Error(`${path} was not built`);
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(built, path), join(folder, path), { recursive: true, verbatimSymlinks: true });
  }
  rmSync(built, { recursive: true, force: true });
}

function matches(output, expected) {
  return typeof expected === 'string' ? output === expected : expected.test(output);
}
