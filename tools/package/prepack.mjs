// Runs before npm pack, and with --undo after it. Brings dist/ up to date and copies the N-API
// headers to native/headers/, so that an installed package can be built with only cmake and a
// compiler. A clone uses the headers in node_modules instead.
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
