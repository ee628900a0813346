// npm run build: the addon, dist/ and the example, whatever there was before.
import { bin, buildNative, compileSources, prepare, run } from './prepare.mjs';

prepare();
buildNative();
compileSources();
run(bin('tsc'), ['-p', 'examples'], 'compiling examples');
