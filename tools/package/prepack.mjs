// Runs before `npm pack`, and with --undo after it. Builds dist/ if it is out of date. Copies the
// N-API headers to native/headers/, so that users of the installed package can build the addon with
// only cmake and a compiler. --undo removes the headers, because a clone uses those in
// node_modules.
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
