// As Homebrew lays its programs out: in a folder of their version, and names beside it that stay.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { isInCellar, stablePath } from '../../src/cli/commands/unit/stable-path.js';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/places.js';

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
  'a program in a folder of its version gets the name %s if that is the same file',
  ([name, target, link]) => {
    const prefix = prefixWith('24.1.0');
    symlinkSync(join(prefix, target), join(prefix, link));
    expect(stablePath(join(prefix, 'Cellar/node/24.1.0/bin/node'))).toBe(join(prefix, name));
  },
);

test('it keeps its own name where another version has the lasting one, or nothing has', () => {
  const prefix = prefixWith('1', '2');
  const old = join(prefix, 'Cellar/node/1/bin/node');
  expect(stablePath(old)).toBe(old);
  symlinkSync(join(prefix, 'Cellar/node/2'), join(prefix, 'opt/node'));
  expect(stablePath(old)).toBe(old);
});

test('any other path is left alone', () => {
  for (const path of ['/usr/bin/node', '/Cellar', '/opt/Cellar/node', process.execPath]) {
    expect(stablePath(path)).toBe(path);
    expect(isInCellar(path)).toBe(false);
  }
});
