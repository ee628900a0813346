// Runs the integration suite in one runtime, with a prebuilt binary instead of the local build.
import { execFileSync, spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { root } from '../../scripts/prepare.mjs';
import { KNOWN_FAILURES } from './known-failures.mjs';

const LIMIT_MS = 1_200_000;
const VITEST = join(root, 'node_modules/vitest/vitest.mjs');
const TESTS = join(root, 'test/integration');

/**
 * Runs the suite. Returns the table cell with the numbers of tests. Adds unexpected failures to
 * `failures`. Prints known failures with their reasons and counts them separately.
 */
export function integration(
  { command: [program, ...args], prebuilt, environment = {}, knownFailures = {}, excludedFiles = [] },
  failures,
) {
  for (const [reason, file] of excludedFiles) console.log(`not run: ${file}: ${reason}`);
  const excludes = excludedFiles.flatMap(([, file]) => ['--exclude', `test/integration/${file}.test.ts`]);
  const { status, stdout, stderr } = spawnSync(
    program,
    [...args, VITEST, 'run', '--project', 'integration', ...excludes],
    {
      cwd: root,
      encoding: 'utf8',
      timeout: LIMIT_MS,
      maxBuffer: 1e8,
      // More workers than processors, because the tests wait most of the time.
      env: { ...process.env, GATEWAY_LOCK_PREBUILD: prebuilt, NO_COLOR: '1', VITEST_MAX_WORKERS: '3', ...environment },
    },
  );
  const [, passed, failed, skipped] = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(stdout) ?? [];
  const found = failedTests(stderr).map((test) => [test, reasonOf(test, knownFailures)]);
  const expected = found.filter(([, reason]) => reason);
  for (const [test, reason] of expected) console.log(`known failure: ${test}: ${reason}`);
  const closing = passed
    ? `${passed} passed, ${failed - expected.length} failed, ${skipped} skipped`
    : `exit code ${status}`;
  if (status !== 0 && (!passed || Number(failed) !== expected.length))
    failures.push(`integration suite: ${closing}\n${unexpected(found) || stdout.slice(-2000)}`);
  return expected.length > 0 ? `${closing}, ${expected.length} known failures` : closing;
}

/** Returns "file > titles" of each failed test, or the name of a file that failed to load. */
function failedTests(output) {
  const lines = output.matchAll(/^ FAIL {2}\|integration\| test\/integration\/(.*?)(?: \[ .* \])?$/gm);
  return [...new Set([...lines].map(([, test]) => test))];
}

function reasonOf(test, knownFailures) {
  return Object.keys(knownFailures).find((reason) => knownFailures[reason].some((start) => test.startsWith(start)));
}

function unexpected(tests) {
  return tests
    .filter(([, reason]) => !reason)
    .map(([test]) => test)
    .join('\n');
}

/**
 * Returns the entries of known-failures.mjs that match no test, for example because a title
 * changed.
 */
export function outdatedFailures() {
  const args = [VITEST, 'list', '--project', 'integration', '--json'];
  const list = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 1e8 });
  const tests = JSON.parse(list).map(({ file, name }) => `${relative(TESTS, file)} > ${name}`);
  const known = Object.values(KNOWN_FAILURES).flatMap((reasons) => Object.values(reasons).flat());
  return known.filter((start) => !tests.some((test) => test.startsWith(start)));
}
