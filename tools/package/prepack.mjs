// Runs before `npm pack`, and with --undo after it.
//
// Builds dist/ if it is out of date. Copies the N-API headers to native/headers/, so that users of
// the installed package can build the addon with only cmake and a compiler. Makes the links of
// README.md absolute if package.json names a repository, as the release workflow does. --undo
// removes the headers, because a clone uses those in node_modules, and restores README.md.
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { prepare, root } from '../../scripts/prepare.mjs';
import { repositoryUrl, withAbsoluteLinks } from './readme.mjs';

const HEADERS = {
  'node-addon-api': ['napi.h', 'napi-inl.h'],
  'node-api-headers/include': ['js_native_api.h', 'js_native_api_types.h', 'node_api.h', 'node_api_types.h'],
};
const headers = join(root, 'native/headers');
const readme = join(root, 'README.md');
const savedReadme = join(root, 'build/prepack/README.md');

undo();
if (!process.argv.includes('--undo')) {
  prepare();
  copyHeaders();
  makeLinksAbsolute();
}

/** Also called before packing, because npm does not call --undo after a failure. */
function undo() {
  rmSync(headers, { recursive: true, force: true });
  if (existsSync(savedReadme)) renameSync(savedReadme, readme);
}

function copyHeaders() {
  mkdirSync(headers);
  for (const [home, files] of Object.entries(HEADERS)) {
    for (const file of files) cpSync(join(root, 'node_modules', home, file), join(headers, file));
  }
}

function makeLinksAbsolute() {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const url = repositoryUrl(manifest);
  if (url === null) return;
  mkdirSync(dirname(savedReadme), { recursive: true });
  cpSync(readme, savedReadme);
  writeFileSync(readme, withAbsoluteLinks(readFileSync(readme, 'utf8'), url, `v${manifest.version}`));
}
