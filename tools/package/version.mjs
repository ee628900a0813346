// `npm version` runs this script. It moves the "Unreleased" section of CHANGELOG.md under a heading
// with the new version and today's date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/prepare.mjs';

const file = join(root, 'CHANGELOG.md');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const text = readFileSync(file, 'utf8');
const [, unreleased] = /^## Unreleased\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(text) ?? [];
if (!unreleased?.trim()) {
  console.error(
    'CHANGELOG.md has nothing under "## Unreleased". Describe the changes there, then run npm version again.',
  );
  process.exit(1);
}
const today = new Date().toISOString().slice(0, 10);
writeFileSync(file, text.replace('## Unreleased\n', `## Unreleased\n\n## ${version} - ${today}\n`));
