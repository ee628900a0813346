// npm run build: the addon, dist/ and the example, whatever there was before.
import { bin, buildNative, compileSources, preparePackages, run } from './prepare.mjs';

preparePackages();
buildNative();
compileSources();
run(bin('tsc'), ['-p', 'examples'], 'compiling examples');
