// What is asked of one Windows Node: the proof that every runtime gives, then the suites. Both resolve with
// { passed, failed, skipped, text }, where text is what to read when something failed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInWine, windowsPath } from './wine.mjs';

const LIFE_LIMIT_MS = 120_000;
const SUITES_LIMIT_MS = 900_000;
const SUITES = ['unit', 'integration', 'multiprocess'];

/** test/matrix/life.mjs: load, lock, refuse, outlive garbage collection, be killed, serve. `lacks`: what this Node cannot do. */
export async function askLife(program, { prefix, tree, lacks = [] }) {
  const output = join(tree, 'life.log');
  const script = join(tree, 'test/matrix/life.mjs');
  const command = [program, '--expose-gc', script];
  const status = await runInWine(prefix, command, {
    output,
    cwd: tree,
    limitMs: LIFE_LIMIT_MS,
    env: { GATEWAY_LOCK_LIFE: JSON.stringify([windowsPath(program), '--expose-gc', windowsPath(script)]) },
  });
  const text = readFileSync(output, 'utf8');
  if (status !== 0) return { passed: 0, failed: 1, skipped: 0, text: `life: ${ending(status)}\n${text}` };
  const answers = Object.entries(JSON.parse(text.trim().split('\n').at(-1)));
  const asked = answers.filter(([question, answer]) => answer !== 'not asked' && !lacks.includes(question));
  const wrong = asked.filter(([, answer]) => answer !== true);
  return {
    passed: asked.length - wrong.length,
    failed: wrong.length,
    skipped: answers.length - asked.length,
    text: wrong.map(([question, answer]) => `life: ${question}: ${answer}`).join('\n'),
  };
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
  const text = readFileSync(output, 'utf8');
  const closing = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(text);
  const [passed, failed, skipped] = closing ? closing.slice(1).map(Number) : [0, 0, 0];
  // One that ended badly without saying what failed has failed all the same.
  const failures = status === 0 ? failed : Math.max(failed, 1);
  return { passed, failed: failures, skipped, text: status === 0 || closing ? text : `${text}\n${ending(status)}` };
}

function ending(status) {
  return status === null ? 'not done in time, and ended' : `ended with ${status}`;
}
