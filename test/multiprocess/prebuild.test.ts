// What `npm run build` and `npm run prebuild` are to npm, which takes the second for a part of the first.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Missing, need } from '../support/capabilities.js';
import { freshDirectory } from '../support/places.js';

const SCRIPTS = fileURLToPath(new URL('../../scripts', import.meta.url));
const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

const whyNoNpm: Missing = spawnSync('npm', ['--version']).status === 0 ? null : 'needs npm as a program';

test('the published binaries are built when they are asked for, and not before each build', (ctx) => {
  need(ctx, whyNoNpm);
  const folder = freshDirectory();
  const ofThisTree = (script: string) => script.replace('scripts/', `${SCRIPTS}/`);
  const hooks = { preprebuild: ofThisTree(scripts.preprebuild), prebuild: ofThisTree(scripts.prebuild) };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { ...hooks, build: 'echo built' } }));
  const run = (...args: string[]) => spawnSync('npm', ['run', ...args], { cwd: folder, encoding: 'utf8' });
  expect(run('build')).toMatchObject({ status: 0, stdout: expect.stringMatching(/nothing to do[\s\S]*built/) });
  const asked = run('prebuild', '--', 'no-such-target');
  expect([asked.status, asked.stderr]).toEqual([64, expect.stringContaining("no target 'no-such-target'")]);
  expect(run('build').stdout).toContain('nothing to do');
  writeFileSync(join(folder, '.npmrc'), 'ignore-scripts=true\n');
  expect(run('prebuild', '--', 'no-such-target').status).toBe(64);
});
