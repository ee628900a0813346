// npm runs a script of the name `prebuild` also before each `npm run build`, and does not say why. But only where `npm run prebuild`
// was typed does it run `preprebuild` before, which is this file: it leaves a mark.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../prepare.mjs';

const MARK = join(root, '.prebuild-asked-for');

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(MARK, '');

export function wasAskedFor() {
  // By hand: node scripts/prebuild.mjs
  if (process.env.npm_lifecycle_event !== 'prebuild') return true;
  // Then npm runs nothing before anything, `build` included.
  if (process.env.npm_config_ignore_scripts === 'true') return true;
  const marked = existsSync(MARK);
  rmSync(MARK, { force: true });
  return marked;
}
