// npm run build:prebuilds [-- TARGET...] [--verify] [--sizes] [--check]: builds and checks the
// published binaries for every platform on one Linux machine. TARGET is a name from the printed
// table, for example linux-x64.musl.
// --verify: builds each binary again in another folder and compares the bytes.
// --sizes: lists the parts of a Linux binary with their sizes.
// --check: only checks the existing binaries.
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { preparePackages, root } from '../../scripts/prepare.mjs';
import { record } from '../page-tables.mjs';
import { buildTarget } from './build-target.mjs';
import { inspect, sha256 } from './gates.mjs';
import { sizesOf } from './sizes.mjs';
import { fileOf, nameOf, TARGETS, UNSUPPORTED } from './targets.mjs';
import { pinnedZig } from './zig.mjs';

const MANIFEST = join(root, 'prebuilds/SHA256SUMS');
const flag = { type: 'boolean', default: false };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { verify: flag, sizes: flag, check: flag },
});
const chosen = positionals.length === 0 ? TARGETS : positionals.map(find);

preparePackages();
const zig = pinnedZig();
const failures = [];
if (!values.check) for (const target of chosen) buildTarget(target, zig);
report(chosen.map((target) => ({ name: nameOf(target), ...inspect(target, root) })));
if (values.verify) verify();
if (values.sizes) showSizes();
for (const { name, why } of UNSUPPORTED) console.log(`not supported: ${name} (${why})`);
if (failures.length > 0) console.error(failures.join('\n'));
console.log(`prebuilds: ${failures.length === 0 ? 'passed' : 'FAILED'}`);
process.exit(failures.length === 0 ? 0 : 1);

function find(name) {
  const target = TARGETS.find((one) => nameOf(one) === name);
  if (target) return target;
  console.error(`unknown target '${name}'. Choose from ${TARGETS.map(nameOf).join(' ')}`);
  process.exit(64);
}

function report(results) {
  const rows = results.map(({ name, bytes = 0, floor }) => `| ${name} | ${(bytes / 1024).toFixed(1)} | ${floor} |`);
  const table = ['| target | KiB | floor |', '|---|---|---|', ...rows].join('\n');
  console.log(table);
  for (const { name, faults } of results) failures.push(...faults.map((fault) => `${name}: ${fault}`));
  if (results.length < TARGETS.length || failures.length > 0) return;
  // Writes the file in the format that `sha256sum -c` reads.
  const manifest = results.map(({ sha256: hash, file }) => `${hash}  ${file.replace('prebuilds/', '')}\n`).join('');
  if (values.check) return checkManifest(manifest);
  writeFileSync(MANIFEST, manifest);
  record('docs/platforms.md', 'npm run build:prebuilds', table);
}

function checkManifest(manifest) {
  if (readFileSync(MANIFEST, 'utf8') !== manifest)
    failures.push('prebuilds/SHA256SUMS does not match the binaries. Run npm run build:prebuilds.');
}

/** Checks that a build of the same sources in another folder is identical. */
function verify() {
  inAnotherFolder((folder) => {
    for (const target of chosen) {
      buildTarget(target, zig, { sources: folder, out: folder });
      const [ours, theirs] = [root, folder].map((one) => sha256(readFileSync(join(one, fileOf(target)))));
      if (ours === theirs) console.log(`${nameOf(target)}: same bytes from another folder`);
      else failures.push(`${nameOf(target)}: different bytes from another folder`);
    }
  });
}

function showSizes() {
  const target = chosen.find(({ platform }) => platform === 'linux');
  inAnotherFolder((folder) => {
    buildTarget(target, zig, { sources: folder, out: folder, symbols: true });
    console.log(`\nparts of ${nameOf(target)}:`);
    for (const [what, bytes] of sizesOf(target, folder))
      console.log(`${(bytes / 1024).toFixed(1).padStart(8)} KiB  ${what}`);
  });
}

function inAnotherFolder(use) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-lock-prebuild-')));
  try {
    for (const path of [
      'native',
      'CMakeLists.txt',
      'package.json',
      'node_modules/node-addon-api',
      'node_modules/node-api-headers',
    ]) {
      cpSync(join(root, path), join(folder, path), { recursive: true });
    }
    use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
