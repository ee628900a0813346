// node scripts/native-lint.mjs [--fix]: checks the format of native/ and bench/floor/, then runs
// clang-tidy on the files of native/ that this machine compiles. --fix reformats the files.
// scripts/darwin.mjs compiles the macOS files.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, root, run, show } from './prepare.mjs';

/** Debian's clang-tidy-19 package also contains run-clang-tidy-19. */
const missing = ['clang-format-19', 'clang-tidy-19'].filter((tool) => spawnSync(tool, ['--version']).error);
if (missing.length > 0) {
  console.error(
    `gateway-lock: checking native/ needs ${missing.join(' and ')}: apt-get install -y ${missing.join(' ')}`,
  );
  process.exit(1);
}
prepare();
const isClean = [isFormatted(), isTidy()].every(Boolean);
console.error(`gateway-lock: native/ ${isClean ? 'is clean' : 'has findings'}`);
process.exit(isClean ? 0 : 1);

function isFormatted() {
  const mode = process.argv.includes('--fix') ? ['-i'] : ['--dry-run', '--Werror'];
  return show('clang-format-19', [...mode, ...sources()]) === 0;
}

function sources() {
  return ['native', 'bench/floor'].flatMap((folder) => {
    const files = readdirSync(join(root, folder), { recursive: true });
    return files.filter((file) => /\.(h|cc)$/.test(file)).map((file) => join(folder, file));
  });
}

/**
 * Runs clang-tidy. Prints its output only if there are findings, because run-clang-tidy also prints
 * each command.
 */
function isTidy() {
  run('cmake', ['-S', '.', '-B', 'build-native', '-DGATEWAY_LOCK_TESTS=ON'], 'configuring build-native');
  process.stderr.write('gateway-lock: running clang-tidy\n');
  const args = ['-p', 'build-native', '-quiet', 'native/(os|binding)/'];
  const { status, stdout, error } = spawnSync('run-clang-tidy-19', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1e9,
  });
  if (status !== 0) console.log(error?.message ?? stdout);
  return status === 0;
}
