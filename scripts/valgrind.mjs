// Runs the scenarios of npm run torture under valgrind.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, run } from './prepare.mjs';

const ROUNDS = 3;
const LIMIT_MS = 3_600_000;
/** The namespace of the addon's functions, or its file, in a line of valgrind's report. */
const OURS = /gateway_lock/;
const OPTIONS = [
  '--leak-check=full',
  '--show-leak-kinds=definite',
  '--errors-for-leak-kinds=definite',
  '--error-limit=no',
  '--num-callers=40',
];

/** Returns one sentence for each finding, and throws if valgrind is missing. */
export function checkWithValgrind() {
  if (spawnSync('valgrind', ['--version']).error) throw new Error('needs valgrind: apt-get install valgrind');
  const directory = join(root, 'build-valgrind', 'build');
  run('cmake', ['-S', '.', '-B', directory, '-DCMAKE_BUILD_TYPE=Debug'], 'configuring for valgrind');
  run('cmake', ['--build', directory, '--target', 'gateway_lock', '--parallel', '2'], 'building for valgrind');
  const folder = mkdtempSync(join(tmpdir(), 'gateway-lock-valgrind-'));
  try {
    return runScenarios(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runScenarios(folder) {
  // --jitless: valgrind would have to translate V8's machine code again whenever it changes.
  const node = [process.execPath, '--expose-gc', '--jitless', join(root, 'test/torture/unkilled.mjs')];
  const words = [...OPTIONS, `--log-file=${folder}/log.%p`, ...node, String(ROUNDS), join(folder, 'scenarios')];
  const env = { ...process.env, GATEWAY_LOCK_PREBUILD: join(root, 'build-valgrind') };
  const { status, signal } = spawnSync('valgrind', words, { stdio: 'inherit', timeout: LIMIT_MS, env });
  const logs = readdirSync(folder).filter((name) => name.startsWith('log.'));
  const findings = logs.flatMap((name) => findingsIn(readFileSync(join(folder, name), 'utf8')));
  return [...(status === 0 ? [] : [`the scenarios ended with ${status ?? signal} under valgrind`]), ...findings];
}

/**
 * Returns the findings that have a frame in the addon. Node itself has findings in V8, which reads
 * more bytes of a string than it uses.
 */
export function findingsIn(log) {
  const lines = log.split('\n').map((line) => line.replace(/^==\d+== ?/, ''));
  const paragraphs = lines.join('\n').split(/\n\s*\n/);
  return paragraphs.filter((text) => /^\s+(at|by) 0x/m.test(text) && OURS.test(text));
}
