// Homebrew installs a program in a folder that is named after its version (Cellar), and creates
// links to the program whose paths contain no version.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { isInCellar, stablePath } from '../../src/cli/commands/unit/stable-path.js';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';

beforeEach((ctx) => need(ctx, process.platform === 'win32' ? 'Windows has no Homebrew' : null));

function prefixWith(...versions: readonly string[]): string {
  const prefix = freshDirectory();
  for (const folder of ['opt', 'bin', ...versions.map((version) => `Cellar/node/${version}/bin`)])
    mkdirSync(join(prefix, folder), { recursive: true });
  for (const version of versions) writeFileSync(join(prefix, `Cellar/node/${version}/bin/node`), '');
  return prefix;
}

test.for([
  ['opt/node/bin/node', 'Cellar/node/24.1.0', 'opt/node'],
  ['bin/node', 'Cellar/node/24.1.0/bin/node', 'bin/node'],
] as const)(
  'stablePath() returns the link %s if it leads to the program in the Cellar folder',
  ([name, target, link]) => {
    const prefix = prefixWith('24.1.0');
    symlinkSync(join(prefix, target), join(prefix, link));
    expect(stablePath(join(prefix, 'Cellar/node/24.1.0/bin/node'))).toBe(join(prefix, name));
  },
);

test('stablePath() keeps the path if the link is missing or leads to another version', () => {
  const prefix = prefixWith('1', '2');
  const old = join(prefix, 'Cellar/node/1/bin/node');
  expect(stablePath(old)).toBe(old);
  symlinkSync(join(prefix, 'Cellar/node/2'), join(prefix, 'opt/node'));
  expect(stablePath(old)).toBe(old);
});

test('stablePath() returns a path outside a Cellar folder unchanged', () => {
  for (const path of ['/usr/bin/node', '/Cellar', '/opt/Cellar/node', process.execPath]) {
    expect(stablePath(path)).toBe(path);
    expect(isInCellar(path)).toBe(false);
  }
});
