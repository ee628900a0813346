// npm run build: the addon, dist/ and the example, whatever there was before.
import { bin, buildNative, prepare, run } from './prepare.mjs';

prepare();
buildNative();
run(bin('tsc'), ['-p', '.'], 'compiling src');
run(bin('tsc'), ['-p', 'examples'], 'compiling examples');
