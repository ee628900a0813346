// npm runs the scripts `prebuild` and `postbuild` around `npm run build`. The build of the
// published binaries takes minutes and a compiler of 400 MB, so `npm run build` must not start that
// build.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Missing, need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

const whyNoNpm: Missing = spawnSync('npm', ['--version']).status === 0 ? null : 'needs npm as a program';

test('npm run build:prebuilds builds the published binaries, npm run build does not', (ctx) => {
  need(ctx, whyNoNpm);
  const folder = freshDirectory();
  const ofThisTree = Object.entries(scripts).map(([name, line]) => [name, line.replace('tools/', `${ROOT}/tools/`)]);
  const manifest = { scripts: { ...Object.fromEntries(ofThisTree), build: 'echo built' } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const run = (...args: string[]) => spawnSync('npm', ['run', ...args], { cwd: folder, encoding: 'utf8' });
  const build = run('build');
  expect(build).toMatchObject({ status: 0, stdout: expect.stringContaining('built') });
  expect(build.stdout + build.stderr).not.toMatch(/prebuild/);
  const asked = run('build:prebuilds', '--', 'no-such-target');
  expect([asked.status, asked.stderr]).toEqual([64, expect.stringContaining("unknown target 'no-such-target'")]);
  writeFileSync(join(folder, '.npmrc'), 'ignore-scripts=true\n');
  expect(run('build:prebuilds', '--', 'no-such-target').status).toBe(64);
});
