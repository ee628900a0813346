// node scripts/native-lint.mjs [--fix]: the format of native/ and bench/floor/ (--fix writes it), then clang-tidy over the
// files that are compiled here. scripts/darwin.mjs compiles the others.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { prepare, root, run, show } from './prepare.mjs';

const missing = ['clang-format-19', 'clang-tidy-19'].filter((tool) => spawnSync(tool, ['--version']).error);
if (missing.length > 0) {
  console.error(
    `gateway-lock: native/ is checked with ${missing.join(' and ')}: apt-get install -y ${missing.join(' ')}`,
  );
  process.exit(1);
}
prepare();
const wellFormatted =
  show('clang-format-19', [...(process.argv.includes('--fix') ? ['-i'] : ['--dry-run', '--Werror']), ...sources()]) ===
  0;
const tidy = await isTidy(compiledHere());
console.error(`gateway-lock: native/ ${wellFormatted && tidy ? 'is clean' : 'has findings'}`);
process.exit(wellFormatted && tidy ? 0 : 1);

function sources() {
  return ['native', 'bench/floor'].flatMap((folder) => {
    const files = readdirSync(join(root, folder), { recursive: true });
    return files.filter((file) => /\.(h|cc)$/.test(file)).map((file) => join(folder, file));
  });
}

function compiledHere() {
  run('cmake', ['-S', '.', '-B', 'build-native', '-DGATEWAY_LOCK_TESTS=ON'], 'configuring build-native');
  const commands = JSON.parse(readFileSync(join(root, 'build-native/compile_commands.json'), 'utf8'));
  return commands.map((command) => command.file).filter((file) => /native\/(os|binding)\//.test(file));
}

async function isTidy(files) {
  process.stderr.write(`gateway-lock: clang-tidy over ${files.length} files\n`);
  const queue = [...files];
  const findings = await Promise.all(Array.from({ length: availableParallelism() }, () => tidyFrom(queue)));
  return findings.flat().length === 0;
}

/** Takes files off the queue until it is empty; returns those that have findings. */
async function tidyFrom(queue) {
  const findings = [];
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    if (!(await passesTidy(file))) findings.push(file);
  }
  return findings;
}

function passesTidy(file) {
  return new Promise((resolve, reject) => {
    const child = spawn('clang-tidy-19', ['-p', 'build-native', '--quiet', file], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'ignore'],
    });
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0));
  });
}
