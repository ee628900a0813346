// Runs three kinds of tests under Wine: the tests of native/os, which do not need Node, and the
// scripts of test/matrix and the suites, which run in a Windows build of Node. Each function
// resolves with { passed, failed, skipped, text }, where `text` is the output to read after a
// failure.
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInWine, windowsPath } from './wine.mjs';

const SCRIPT_LIMIT_MS = 120_000;
// Ends a run that hangs. On a busy machine with two cores, a run takes 20 minutes.
const SUITES_LIMIT_MS = 3_600_000;
const SUITES = ['unit', 'integration', 'multiprocess', 'stress'];
/** The tests of documents and of this project's tools, in which Windows makes little difference. */
const DOCUMENTS = 'test/*/{tsdoc,documentation,recipes,architecture,bench}.test.ts';
const CLOSING = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m;

/** Runs a script of test/matrix, which prints one result for each check. */
export async function runScript(program, script, { prefix, tree }) {
  const output = join(tree, 'script.log');
  const file = join(tree, 'test/matrix', script);
  const status = await runInWine(prefix, [program, '--expose-gc', file], {
    output,
    cwd: tree,
    limitMs: SCRIPT_LIMIT_MS,
    env: { GATEWAY_LOCK_TEST_COMMAND: JSON.stringify([windowsPath(program), '--expose-gc', windowsPath(file)]) },
  });
  const text = readFileSync(output, 'utf8');
  if (status !== 0) return { passed: 0, failed: 1, skipped: 0, text: `${script}: ${ending(status)}\n${text}` };
  // Wine may add messages of its own.
  const answers = Object.entries(JSON.parse(text.split('\n').findLast((line) => line.startsWith('{'))));
  const tested = answers.filter(([, answer]) => answer !== 'not tested');
  const wrong = tested.filter(([, answer]) => answer !== true);
  const lines = tested.map(([check, answer]) => `${script}: ${check}: ${answer === true ? 'yes' : answer}`);
  return { passed: tested.length - wrong.length, failed: wrong.length, skipped: 0, text: lines.join('\n') };
}

/**
 * Copies a Node to a file with another name, because Electron and packaged applications are not
 * called node either. Returns the new path.
 */
export function renamed(program, tree) {
  const other = join(tree, 'some application.exe');
  copyFileSync(program, other);
  return other;
}

/**
 * Runs vitest with `args`. Runs all suites if `args` contain no --project. Runs the tests of
 * documents only if `documents` is true.
 */
export async function runSuites(program, { prefix, tree, args, documents }) {
  const output = join(tree, 'vitest.log');
  const projects = args.includes('--project') ? [] : SUITES.flatMap((suite) => ['--project', suite]);
  const excluded = documents ? [] : ['--exclude', DOCUMENTS];
  const vitest = join(tree, 'node_modules/vitest/vitest.mjs');
  const status = await runInWine(prefix, [program, vitest, 'run', ...projects, ...excluded, ...args], {
    output,
    cwd: tree,
    limitMs: SUITES_LIMIT_MS,
    env: { NO_COLOR: '1' },
  });
  return counted(status, readFileSync(output, 'utf8'));
}

/** Runs the test program of native/os, which does not need Node. */
export async function runOsTests(program, { prefix, tree }) {
  const output = join(tree, 'os-tests.log');
  const status = await runInWine(prefix, [program], { output, cwd: tree, limitMs: SCRIPT_LIMIT_MS });
  return counted(status, readFileSync(output, 'utf8'));
}

function counted(status, text) {
  const closing = CLOSING.exec(text);
  const [passed, failed, skipped] = closing ? closing.slice(1).map(Number) : [0, 0, 0];
  // Counts a non-zero exit code as a failure even if no test has failed.
  const failures = status === 0 ? failed : Math.max(failed, 1);
  return { passed, failed: failures, skipped, text: status === 0 || closing ? text : `${text}\n${ending(status)}` };
}

function ending(status) {
  return status === null ? 'killed after the time limit' : `exit code ${status}`;
}
