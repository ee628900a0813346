// npm run build: the addon, dist/ and the example, whatever there was before.
import { bin, buildNative, compileSource, prepare, run } from './prepare.mjs';

prepare();
buildNative();
compileSource();
run(bin('tsc'), ['-p', 'examples'], 'compiling examples');
