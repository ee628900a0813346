import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { fileOf, TARGETS } from '../../tools/prebuild/targets.mjs';

const source = readFileSync(fileURLToPath(new URL('../../src/native/addon-files.ts', import.meta.url)), 'utf8');

// Bundlers and file tracers find a binary only by a literal URL that is returned directly.
test('src/native/addon-files.ts returns a literal URL for each published binary', () => {
  const cases = source.matchAll(/case '([^']+)':\s+return new URL\('([^']+)', import\.meta\.url\);/g);
  const urls = Object.fromEntries([...cases].map(([, name, url]) => [name, url]));
  const files = TARGETS.map(fileOf);
  const nameOf = (file: string) => file.slice('prebuilds/'.length, -'.node'.length);
  expect(urls).toEqual(Object.fromEntries(files.map((file) => [nameOf(file), `../../${file}`])));
});
