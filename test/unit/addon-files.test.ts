import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { fileOf, TARGETS } from '../../tools/prebuild/targets.mjs';

const source = readFileSync(fileURLToPath(new URL('../../src/native/addon-files.ts', import.meta.url)), 'utf8');

// Bundlers and file tracers find a binary only by a literal URL that is returned directly.
test('src/native/addon-files.ts returns a literal URL for each published binary', () => {
  const literals = [...source.matchAll(/case '([^']+)':\s+return new URL\('([^']+)', import\.meta\.url\);/g)];
  const files = TARGETS.map(fileOf);
  expect(literals.map(([, , url]) => url).sort()).toEqual(files.map((file) => `../../${file}`).sort());
  expect(literals.map(([, name]) => `prebuilds/${name}.node`).sort()).toEqual(files.sort());
});
