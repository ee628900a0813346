// What is asked of Windows: its own system calls without Node, and of one Node proofs of test/matrix, then the suites. All resolve
// with { passed, failed, skipped, text }, where text is what to read when something failed.
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInWine, windowsPath } from './wine.mjs';

const PROOF_LIMIT_MS = 120_000;
const SUITES_LIMIT_MS = 1_200_000;
const SUITES = ['unit', 'integration', 'multiprocess', 'stress'];
const CLOSING = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m;

/** Runs a script of test/matrix, which asks itself whether the package works and prints the answers. */
export async function prove(program, script, { prefix, tree }) {
  const output = join(tree, 'proof.log');
  const file = join(tree, 'test/matrix', script);
  const status = await runInWine(prefix, [program, '--expose-gc', file], {
    output,
    cwd: tree,
    limitMs: PROOF_LIMIT_MS,
    env: { GATEWAY_LOCK_TEST_COMMAND: JSON.stringify([windowsPath(program), '--expose-gc', windowsPath(file)]) },
  });
  const text = readFileSync(output, 'utf8');
  if (status !== 0) return { passed: 0, failed: 1, skipped: 0, text: `${script}: ${ending(status)}\n${text}` };
  const answers = Object.entries(JSON.parse(text.trim().split('\n').at(-1)));
  const asked = answers.filter(([, answer]) => answer !== 'not asked');
  const wrong = asked.filter(([, answer]) => answer !== true);
  const said = asked.map(([question, answer]) => `${script}: ${question}: ${answer === true ? 'yes' : answer}`);
  return { passed: asked.length - wrong.length, failed: wrong.length, skipped: 0, text: said.join('\n') };
}

/** The same Node by another name, as Electron and packaged applications are. */
export function renamed(program, tree) {
  const other = join(tree, 'some application.exe');
  copyFileSync(program, other);
  return other;
}

/** vitest, with `args`; all suites where these name none. */
export async function runSuites(program, { prefix, tree, args }) {
  const output = join(tree, 'vitest.log');
  const projects = args.includes('--project') ? [] : SUITES.flatMap((suite) => ['--project', suite]);
  const vitest = join(tree, 'node_modules/vitest/vitest.mjs');
  const status = await runInWine(prefix, [program, vitest, 'run', ...projects, ...args], {
    output,
    cwd: tree,
    limitMs: SUITES_LIMIT_MS,
    env: { NO_COLOR: '1' },
  });
  return counted(status, readFileSync(output, 'utf8'));
}

/** The test program of native/os, which needs no Node. */
export async function runOsTests(program, { prefix, tree }) {
  const output = join(tree, 'os-tests.log');
  const status = await runInWine(prefix, [program], { output, cwd: tree, limitMs: PROOF_LIMIT_MS });
  return counted(status, readFileSync(output, 'utf8'));
}

function counted(status, text) {
  const closing = CLOSING.exec(text);
  const [passed, failed, skipped] = closing ? closing.slice(1).map(Number) : [0, 0, 0];
  // One that ended badly without saying what failed has failed all the same.
  const failures = status === 0 ? failed : Math.max(failed, 1);
  return { passed, failed: failures, skipped, text: status === 0 || closing ? text : `${text}\n${ending(status)}` };
}

function ending(status) {
  return status === null ? 'not done in time, and ended' : `ended with ${status}`;
}
