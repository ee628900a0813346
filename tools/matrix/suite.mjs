// The integration suite in one runtime, with the prebuilt file and not the local build.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../../scripts/prepare.mjs';

const LIMIT_MS = 600_000;
const VITEST = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'integration'];

/** Returns what the table says; adds to `failures`. What fails beyond the runtime is printed, with the reason, and told apart. */
export function integration(
  { command: [program, ...args], prebuilt, environment = {}, beyond = [], leftOut = [] },
  failures,
) {
  for (const [reason, file] of leftOut) console.log(`left out: ${file}: ${reason}`);
  const without = leftOut.flatMap(([, file]) => ['--exclude', `test/integration/${file}.test.ts`]);
  const { status, stdout, stderr } = spawnSync(program, [...args, ...VITEST, ...without], {
    cwd: root,
    encoding: 'utf8',
    timeout: LIMIT_MS,
    maxBuffer: 1e8,
    // More than there are processors: most tests wait, most of the time.
    env: { ...process.env, GATEWAY_LOCK_PREBUILD: prebuilt, NO_COLOR: '1', VITEST_MAX_WORKERS: '3', ...environment },
  });
  const [, passed, failed, skipped] = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(stdout) ?? [];
  const allowed = failedTests(stderr).map((test) => [test, reasonOf(test, beyond)]);
  const expected = allowed.filter(([, reason]) => reason);
  for (const [test, reason] of expected) console.log(`beyond it: ${test}: ${reason}`);
  const closing = passed
    ? `${passed} passed, ${failed - expected.length} failed, ${skipped} skipped`
    : `ended with ${status}`;
  if (status !== 0 && (!passed || Number(failed) !== expected.length))
    failures.push(`integration suite: ${closing}\n${unexpected(allowed) || stdout.slice(-2000)}`);
  return expected.length > 0 ? `${closing}, ${expected.length} beyond it` : closing;
}

/** "file > titles"; of a file that does not load its name. */
function failedTests(output) {
  const lines = output.matchAll(/^ FAIL {2}\|integration\| test\/integration\/(.*?)(?: \[ .* \])?$/gm);
  return [...new Set([...lines].map(([, test]) => test))];
}

function reasonOf(test, beyond) {
  return beyond.find(([, pattern]) => pattern.test(test))?.[0];
}

function unexpected(tests) {
  return tests
    .filter(([, reason]) => !reason)
    .map(([test]) => test)
    .join('\n');
}
