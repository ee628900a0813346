// npm pack, before and after (--undo): dist is as the sources are, and the headers that the addon is built from go into the tarball, so that it can be
// built where it is installed with cmake and a compiler alone. They are no part of the tree: a clone has node_modules.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, root } from '../../scripts/prepare.mjs';

const HEADERS = {
  'node-addon-api': ['napi.h', 'napi-inl.h'],
  'node-api-headers/include': ['js_native_api.h', 'js_native_api_types.h', 'node_api.h', 'node_api_types.h'],
};
const folder = join(root, 'native/headers');

rmSync(folder, { recursive: true, force: true });
if (!process.argv.includes('--undo')) {
  prepare();
  mkdirSync(folder);
  for (const [home, files] of Object.entries(HEADERS)) {
    for (const file of files) cpSync(join(root, 'node_modules', home, file), join(folder, file));
  }
}
